-- Takes the lease on an account and reads inside it all that its next step depends on.
-- includes breaker-pace.lua, breaker-says.lua
-- KEYS lease record queued breaker refusedKey... silence...   ARGV owner ttlMs name leastFence leastWhereForgotten
--   leastWhereAhead refusedKeys
-- -> {fence, 1 where the record is new, how long the breaker holds it back yet, silent until (by the server's clock, 0 for not), the fence before
--    (0 for none), why the API key is refused (or ''), the server's time, record fields...},
--    or {} while somebody else holds it
-- Picked up: from here on the account may be queued again, the lease guards it.
redis.call('ZREM', KEYS[3], ARGV[3])
-- A reply that was lost on the way may make the same caller ask again.
if redis.call('GET', KEYS[1]) == ARGV[1] then
  redis.call('PEXPIRE', KEYS[1], ARGV[2])
elseif not redis.call('SET', KEYS[1], ARGV[1], 'NX', 'PX', ARGV[2]) then
  return {}
end
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
local last = redis.call('HGET', KEYS[2], 'fence')
-- Known once an outcome was written; a holder that died before that has told Redis nothing.
local isKnown = redis.call('HEXISTS', KEYS[2], 'known') == 1
-- Seeded by the clock: it rises above every earlier fence even when the record was lost. Not so where this server's clock
-- had been ahead: then it rises above all that any process may have been given.
local least = math.max(tonumber(last or '0'), tonumber(ARGV[4]))
if not isKnown then
  least = math.max(least, tonumber(ARGV[5]))
elseif least > now then
  -- A Redis that went back in time forgot some, and a process that has just started knows not all of them.
  least = math.max(least, tonumber(ARGV[6]))
end
local fence = math.max(now, least + 1)
redis.call('HSET', KEYS[2], 'fence', string.format('%.0f', fence), 'holder', ARGV[1])
local silent = 0
local words = tonumber(ARGV[7])
for i = 5 + words, #KEYS do
  silent = math.max(silent, tonumber(redis.call('HGET', KEYS[i], 'until') or '0'))
end
if silent <= now then
  silent = 0
end
local held = redis.call('HMGET', KEYS[2], 'endsAt', 'withdrawn')
local tokenLeftMs = held[2] and 0 or tonumber(held[1] or '0') - now
local _, breaker = breakerSays(KEYS[4], ARGV[3], tokenLeftMs, now)
-- One word under each key of the ring; the one that lasts longest was said last.
local refusedKey, left = '', 0
for i = 5, 4 + words do
  local lasts = redis.call('PTTL', KEYS[i])
  if lasts > left then
    refusedKey, left = redis.call('GET', KEYS[i]), lasts
  end
end
-- Under the ring's first key too: the older ones leave it some day.
if left > 0 and redis.call('PTTL', KEYS[5]) < left then
  redis.call('SET', KEYS[5], refusedKey, 'PX', left)
end
local reply = { string.format('%.0f', fence), isKnown and 0 or 1, string.format('%.0f', breaker), string.format('%.0f', silent),
  last or '0', refusedKey, string.format('%.0f', now) }
for _, each in ipairs(redis.call('HGETALL', KEYS[2])) do
  reply[#reply + 1] = each
end
return reply
