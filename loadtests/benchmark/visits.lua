-- One visitor per thread, each with a session of its own and one request at a time, so that a store
-- which loses one of two parallel changes is not asked for what it never promised. Every answer is
-- checked as it comes.
--
-- Arguments: method, path, seconds, step, then count and cookie of each visitor. `step` is by how much the
-- count in an answer must exceed the one before, or "-" where answers carry none. BENCHMARK_PORTS: the
-- ports of the replicas, over which the visitors are spread. Each visitor ends with an answer, so that
-- none is left open, and says "stopped"; whoever started this then ends wrk, which was given more time
-- than it needs, with SIGINT. The last lines are
-- "visitor <answered> <visits> <wrong> <first moment> <last moment> <cookie> <what was wrong>".

local ffi = require("ffi")
ffi.cdef("typedef struct { long s; long ns; } moment; int clock_gettime(int, moment *);")
local moment, MONOTONIC = ffi.new("moment"), 1
local threads, text = {}, nil

local function now()
  ffi.C.clock_gettime(MONOTONIC, moment)
  return tonumber(moment.s) + tonumber(moment.ns) / 1e9
end

function setup(thread)
  local addresses = {}
  for port in os.getenv("BENCHMARK_PORTS"):gmatch("%d+") do
    table.insert(addresses, wrk.lookup("127.0.0.1", port)[1])
  end
  table.insert(threads, thread)
  thread:set("number", #threads)
  thread.addr = addresses[(#threads - 1) % #addresses + 1]
end

function init(arguments)
  method, path, seconds = arguments[1], arguments[2], tonumber(arguments[3])
  step = tonumber(arguments[4])
  visits, cookie = tonumber(arguments[3 + 2 * number]), arguments[4 + 2 * number]
  answered, wrong, complaint, began, ended = 0, 0, "", 0, 0
end

function request()
  if answered == 0 then began = now() end
  text = text or wrk.format(method, path, { Cookie = cookie })
  return text
end

function response(status, headers, body)
  local count = step and tonumber(body:match('"visits": ?(%d+)'))
  if status == 200 and (not step or count == visits + step) then
    answered, visits = answered + 1, count or visits
  else
    wrong, complaint = wrong + 1, status .. " " .. body:sub(1, 200):gsub("%s", " ")
  end
  local fresh = headers["set-cookie"] or headers["Set-Cookie"]
  if fresh then
    cookie, text = fresh:match("^[^;]+"), nil
  end
  ended = now()
  if ended - began >= seconds or wrong > 0 then
    wrk.thread:stop()
    io.stdout:write("stopped\n")  -- not print: that writes the line's end by itself, and all threads share this
    io.stdout:flush()
  end
end

function done()
  for _, thread in ipairs(threads) do
    print("visitor", thread:get("answered"), thread:get("visits"), thread:get("wrong"),
      string.format("%.6f", thread:get("began")), string.format("%.6f", thread:get("ended")),
      thread:get("cookie"), thread:get("complaint"))
  end
end
