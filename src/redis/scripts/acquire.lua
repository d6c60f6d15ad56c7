-- Takes the lease on an account and reads inside it all that its next step depends on.
-- KEYS lease record queued silence   ARGV owner ttlMs name
-- -> {fence, silent until (ms, 0 for not), record fields...}, or {} while somebody else holds it
-- Picked up: from here on the account may be queued again, the lease guards it.
redis.call('ZREM', KEYS[3], ARGV[3])
-- A reply that was lost on the way may make the same caller ask again.
if redis.call('GET', KEYS[1]) ~= ARGV[1] and not redis.call('SET', KEYS[1], ARGV[1], 'NX', 'PX', ARGV[2]) then
  return {}
end
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
-- Seeded by the clock: it rises above every earlier fence even when the record was lost.
local fence = math.max(tonumber(redis.call('HGET', KEYS[2], 'fence') or '0') + 1, now)
redis.call('HSET', KEYS[2], 'fence', string.format('%.0f', fence))
local reply = redis.call('HGETALL', KEYS[2])
table.insert(reply, 1, redis.call('HGET', KEYS[4], 'until') or '0')
table.insert(reply, 1, string.format('%.0f', fence))
return reply
