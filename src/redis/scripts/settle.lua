-- Everything that ends without a new token: a rest, a failure, a stop. Touches no token key.
-- includes ramp.lua, publish.lua (for stand)
-- KEYS lease record due rampLevel rampUnderWay rampWaiting
-- ARGV payload (JSON): { name, names, owner, fence, now, set, drop, standing, dueAt,
--   seenRequest, event, ramp, open }
-- -> {1, woken} settled, {0, woken} a newer lease was given out
local p = cjson.decode(ARGV[1])
local woken = leaveRamp(KEYS[4], KEYS[5], KEYS[6], KEYS[3], p.name, p.ramp, p.now, p.open)
if tonumber(redis.call('HGET', KEYS[2], 'fence') or '0') > tonumber(p.fence) then
  return { 0, woken }
end
local fields = {}
for field, value in pairs(p.set) do
  fields[#fields + 1] = field
  fields[#fields + 1] = value
end
redis.call('HSET', KEYS[2], 'fence', p.fence, unpack(fields))
redis.call('HDEL', KEYS[2], unpack(p.drop))
stand(p.names, p.standing, p.now)
-- The request we saw is answered; one that came while we were busy is still to be looked at.
if redis.call('HGET', KEYS[2], 'request') == p.seenRequest then
  redis.call('HDEL', KEYS[2], 'request')
end
if redis.call('HEXISTS', KEYS[2], 'request') == 1 then
  redis.call('ZADD', KEYS[3], string.format('%.0f', p.now), p.name)
elseif p.dueAt > 0 then
  redis.call('ZADD', KEYS[3], string.format('%.0f', p.dueAt), p.name)
else
  redis.call('ZREM', KEYS[3], p.name)
end
if redis.call('GET', KEYS[1]) == p.owner then
  redis.call('DEL', KEYS[1])
end
if p.event ~= '' then
  redis.call('PUBLISH', 'token-events', p.event)
end
return { 1, woken }
