-- What is remembered of one token session: that it has ended, or since when a renewal counts.
--
-- KEYS[1]  the session's record; there is none until something is to be remembered
-- ARGV     verb ("check", "renew", "end"), now, the token's generation, then for "renew" and "end"
--          until when to remember (POSIX seconds), and for "renew" the grace (seconds)
-- Returns  the newest generation there is now, or -1 where the token has ended

local key, verb = KEYS[1], ARGV[1]
local now, generation = tonumber(ARGV[2]), tonumber(ARGV[3])
local kept = redis.call('HMGET', key, 'ended', 'generation', 'previous_until')
local newest, previous_until = tonumber(kept[2]), tonumber(kept[3])

local superseded = newest and generation < newest
if kept[1] or superseded and not (generation == newest - 1 and now < previous_until) then return -1 end
newest = math.max(newest or 0, generation)
if verb == 'check' or verb == 'renew' and superseded then return newest end

if verb == 'renew' then
  newest = generation + 1
  redis.call('HSET', key, 'generation', newest, 'previous_until', now + tonumber(ARGV[5]))
else
  redis.call('HSET', key, 'ended', 1)
end
redis.call('EXPIREAT', key, ARGV[4])
return newest
