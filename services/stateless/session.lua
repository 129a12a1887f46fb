-- One step of one session, atomic and in one round trip. Its cost depends on the step, not on the
-- session's size: a session is a hash, its life in plain fields, its items in fields "item:<id>".
-- The decision who may pass is that of services/session/record.py.
--
-- KEYS     the session; the answers that are remembered of its keyed changes
-- ARGV     now, idle, throttle, grace, retention (seconds), digest of the secret, the versions it may
--          be at as ",7,8," or "" for any, then the verb and what it needs
-- Returns  {"ok", ...}, or {"unknown" | "ended" | "expired" | "mismatch"}, or {"precondition", version}

local key, answers = KEYS[1], KEYS[2]
local now, idle, throttle, grace, retention = unpack(ARGV, 1, 5)
now, idle, throttle = tonumber(now), tonumber(idle), tonumber(throttle)
local digest, if_versions, verb = ARGV[6], ARGV[7], ARGV[8]

local function expire_at(deadline)
  redis.call('EXPIREAT', key, deadline + tonumber(retention))
end

if verb == 'open' then
  local expires_at = now + tonumber(ARGV[9])
  local idle_expires_at = math.min(now + idle, expires_at)
  redis.call('HSET', key, 'secret', digest, 'version', 1, 'visits', 0, 'opened_at', now,
    'idle_expires_at', idle_expires_at, 'expires_at', expires_at)
  expire_at(idle_expires_at)
  return {'ok', idle_expires_at, expires_at}
end

local life = redis.call('HMGET', key, 'secret', 'version', 'idle_expires_at', 'expires_at',
  'previous', 'previous_until', 'ended', 'nonce')
local secret, version = life[1], tonumber(life[2])
local idle_expires_at, expires_at = tonumber(life[3]), tonumber(life[4])
local previous, previous_until, ended, kept_nonce = life[5], tonumber(life[6]), life[7], life[8]

if not secret then return {'unknown'} end
local in_grace = digest == previous and now < previous_until
if ended or not (digest == secret or in_grace) then return {'ended'} end
if now >= math.min(idle_expires_at, expires_at) then return {'expired'} end

-- The answer to a change that came before under this key, in the form that a change is answered in.
local function repeated(key_of_change, payload)
  local kept = redis.call('HGET', answers, 'answer:' .. key_of_change)
  if not kept then return nil end
  local first = cjson.decode(kept)
  if first[1] ~= payload then return {'mismatch'} end
  return {'ok', first[2], first[3]}
end

-- A ring of so many slots says which answer is the oldest. Remembered for as long as an unused session.
local function remember(key_of_change, answer, limit)
  local slot = 'slot:' .. redis.call('HINCRBY', answers, 'count', 1) % limit
  local oldest = redis.call('HGET', answers, slot)
  if oldest then redis.call('HDEL', answers, 'answer:' .. oldest) end
  redis.call('HSET', answers, slot, key_of_change, 'answer:' .. key_of_change, cjson.encode(answer))
  redis.call('EXPIREAT', answers, math.min(now + idle, expires_at) + tonumber(retention))
end

if verb == 'apply' and ARGV[10] ~= '' then
  local first = repeated(ARGV[10], ARGV[11])
  if first then return first end
end

if if_versions ~= '' and not string.find(if_versions, ',' .. version .. ',', 1, true) then
  return {'precondition', version}
end

local function touch(least, call)
  local deadline = math.min(now + idle, expires_at)
  if deadline - idle_expires_at >= least then
    call('HSET', key, 'idle_expires_at', deadline)
    call('EXPIREAT', key, deadline + tonumber(retention))
  end
end

if verb == 'load' then
  touch(throttle, redis.pcall)  -- a Redis that refuses writes may still be read
  return {'ok', redis.call('HGETALL', key)}
end

if verb == 'apply' then
  local results, i = {}, 12
  while i <= #ARGV do
    if ARGV[i] == 'put' then
      table.insert(results, redis.call('HSET', key, 'item:' .. ARGV[i + 1], ARGV[i + 2]))
      i = i + 3
    elseif ARGV[i] == 'remove' then
      table.insert(results, redis.call('HDEL', key, 'item:' .. ARGV[i + 1]))
      i = i + 2
    else
      table.insert(results, redis.call('HINCRBY', key, 'visits', 1))
      i = i + 1
    end
  end
  touch(1, redis.call)
  local reached = redis.call('HINCRBY', key, 'version', 1)
  if ARGV[10] ~= '' then remember(ARGV[10], {ARGV[11], reached, results}, tonumber(ARGV[9])) end
  return {'ok', reached, results}
end

if verb == 'renew' then
  if in_grace then return {'ok', kept_nonce} end
  redis.call('HSET', key, 'previous', secret, 'previous_until', now + tonumber(grace),
    'secret', ARGV[9], 'nonce', ARGV[10])
  return {'ok', ARGV[10]}
end

-- close: what stays until it would have expired is that it has ended, so that nothing late,
-- and nothing in flight, finds a session to write to
redis.call('DEL', key, answers)
redis.call('HSET', key, 'secret', secret, 'ended', 1)
expire_at(idle_expires_at)
return {'ok'}
