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
-- One that came while we were busy is newer than what we carry on, and looked at now. One that we
-- carry on waits for the next look: looked at now, it would be looked at for ever.
local wish = redis.call('HGET', KEYS[2], 'request')
local isNewer = wish and wish ~= p.seenRequest
if isNewer then
  p.set.request = nil
end
local fields = {}
for field, value in pairs(p.set) do
  fields[#fields + 1] = field
  fields[#fields + 1] = value
end
redis.call('HSET', KEYS[2], 'fence', p.fence, unpack(fields))
redis.call('HDEL', KEYS[2], unpack(p.drop))
local served = redis.call('HEXISTS', 'refresher:roster', p.name) == 1
stand(p.name, p.names, p.standing, served)
if wish and not isNewer and not p.set.request then
  redis.call('HDEL', KEYS[2], 'request')
end
if not served then
  redis.call('ZREM', KEYS[3], p.name)
elseif isNewer then
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
