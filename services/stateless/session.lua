-- One step of one session, atomic and in one round trip. Its cost depends on the step, not on the
-- session's size (but for `load` and `sync`, which answer with all of it): a session is a hash, its
-- life in plain fields, its items in fields "item:<id>", and in "grant:<digest>" each credential of it:
-- until when (0: no end), the nonce of its renewal, the digest of that which it replaced; in
-- "device:<id>" how far a device has come and at which version; in "link" a digest, and until when.
-- The decisions are those of services/session/record.py and devices.py.
--
-- KEYS     the session; the answers that are remembered of its keyed changes
-- ARGV     now, idle, throttle, grace, retention (seconds), digest of the secret, the versions it may
--          be at as ",7,8," or "" for any, then the verb and what it needs
-- Returns  {"ok", ...}, or {"unknown" | "ended" | "expired" | "mismatch" | "forgotten" | "link"}, or
--          {"precondition", version}, {"gap", number expected}

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
  redis.call('HSET', key, 'version', 1, 'visits', 0, 'opened_at', now,
    'idle_expires_at', idle_expires_at, 'expires_at', expires_at, 'grant:' .. digest, 0)
  expire_at(idle_expires_at)
  return {'ok', idle_expires_at, expires_at}
end

local life = redis.call('HMGET', key, 'version', 'idle_expires_at', 'expires_at', 'ended', 'grant:' .. digest)
local version, idle_expires_at, expires_at = tonumber(life[1]), tonumber(life[2]), tonumber(life[3])
local ended, grant = life[4], life[5]
local expired = version and now >= math.min(idle_expires_at, expires_at)

-- At least so many seconds further on.
local function touch(least, call)
  local deadline = math.min(now + idle, expires_at)
  if deadline - idle_expires_at >= least then
    call('HSET', key, 'idle_expires_at', deadline)
    call('EXPIREAT', key, deadline + tonumber(retention))
  end
end

if verb == 'join' then
  local link, until_when = string.match(redis.call('HGET', key, 'link') or '', '^(%S+) (%d+)$')
  local good = link == digest and now < tonumber(until_when)
  local joined = tonumber(redis.call('HGET', key, 'joined') or 0)
  if not version or ended or expired or not good or joined + 1 >= tonumber(ARGV[9]) then return {'link'} end
  redis.call('HDEL', key, 'link')
  redis.call('HSET', key, 'grant:' .. ARGV[10], 0, 'joined', joined + 1)
  touch(1, redis.call)
  return {'ok', redis.call('HGETALL', key)}
end

if not version then return {'unknown'} end
if ended or not grant then return {'ended'} end
local ends_at, kept_nonce, replaced = string.match(grant, '^(%d+) ?(%S*) ?(%S*)$')
if ends_at ~= '0' and now >= tonumber(ends_at) then return {'ended'} end
if expired then return {'expired'} end

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

if verb == 'load' then
  touch(throttle, redis.pcall)  -- a Redis that refuses writes may still be read
  return {'ok', redis.call('HGETALL', key)}
end

local WIDTH = {put = 3, remove = 2, visit = 1}

-- The operations from ARGV[i] on, but for the first few; one result each.
local function change(i, skip)
  local results = {}
  while i <= #ARGV do
    local kind, id = ARGV[i], 'item:' .. (ARGV[i + 1] or '')
    if skip > 0 then
      skip = skip - 1
    elseif kind == 'put' then
      table.insert(results, redis.call('HSET', key, id, ARGV[i + 2]))
    elseif kind == 'remove' then
      table.insert(results, redis.call('HDEL', key, id))
    else
      table.insert(results, redis.call('HINCRBY', key, 'visits', 1))
    end
    i = i + WIDTH[kind]
  end
  return results
end

if verb == 'apply' then
  local results = change(12, 0)
  touch(1, redis.call)
  local reached = redis.call('HINCRBY', key, 'version', 1)
  if ARGV[10] ~= '' then remember(ARGV[10], {ARGV[11], reached, results}, tonumber(ARGV[9])) end
  return {'ok', reached, results}
end

-- Beyond so many devices the one that uploaded the longest ago is forgotten.
local function forget_oldest(limit)
  local count, oldest, oldest_version = 0, nil, math.huge
  local all = redis.call('HGETALL', key)
  for i = 1, #all, 2 do
    local at = string.match(all[i], '^device:') and tonumber(string.match(all[i + 1], ' (%d+)$'))
    if at then count = count + 1 end
    if at and at < oldest_version then oldest, oldest_version = all[i], at end
  end
  if count > limit then
    redis.call('HDEL', key, oldest)
    redis.call('HSET', key, 'horizon', version + 1)
  end
end

if verb == 'sync' then
  local device, since, first = 'device:' .. ARGV[10], tonumber(ARGV[11]), tonumber(ARGV[12])
  local kept = redis.call('HMGET', key, device, 'horizon')
  local mark, horizon = kept[1], tonumber(kept[2] or 0)
  if not mark and since < horizon then return {'forgotten'} end
  local acknowledged = tonumber(string.match(mark or '0', '^%d+'))
  if first > acknowledged + 1 then return {'gap', acknowledged + 1} end
  if not mark and since > version and ARGV[13] then return {'forgotten'} end
  local applied = #change(13, acknowledged + 1 - first)
  if applied == 0 then
    touch(throttle, redis.pcall)
  else
    touch(1, redis.call)
    redis.call('HINCRBY', key, 'version', 1)
    redis.call('HSET', key, device, (acknowledged + applied) .. ' ' .. (version + 1))
    if not mark then forget_oldest(tonumber(ARGV[9])) end
  end
  return {'ok', acknowledged + applied, redis.call('HGETALL', key)}
end

if verb == 'link' then
  touch(1, redis.call)
  redis.call('HSET', key, 'link', ARGV[9] .. ' ' .. ARGV[10])
  return {'ok'}
end

if verb == 'renew' then
  if kept_nonce ~= '' then return {'ok', kept_nonce} end
  if replaced ~= '' then redis.call('HDEL', key, 'grant:' .. replaced) end
  redis.call('HSET', key, 'grant:' .. digest, (now + tonumber(grace)) .. ' ' .. ARGV[10],
    'grant:' .. ARGV[9], '0  ' .. digest)
  return {'ok', ARGV[10]}
end

-- close: what stays until it would have expired is that it has ended, so that nothing late,
-- and nothing in flight, finds a session to write to
redis.call('DEL', key, answers)
redis.call('HSET', key, 'version', version, 'idle_expires_at', idle_expires_at,
  'expires_at', expires_at, 'ended', 1)
expire_at(idle_expires_at)
return {'ok'}
