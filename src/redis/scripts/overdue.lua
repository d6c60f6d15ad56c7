-- Says of a token that is over that it is, where no look at the account comes to an end that could.
-- includes publish.lua (for stand)
-- KEYS record   ARGV name since (ISO)
-- -> 1 where the token is over by the server's clock or there never was one, else 0
local t = redis.call('TIME')
local stored = redis.call('HMGET', KEYS[1], 'expiresAt', 'names')
if tonumber(stored[1] or '0') > t[1] * 1000 + math.floor(t[2] / 1000) then
  return 0
end
local state = 'state:' .. ARGV[1]
local said = redis.call('TYPE', state)['ok'] == 'hash' and redis.call('HMGET', state, 'state', 'expiresAt') or {}
local isOurs = said[1] == 'fresh' or said[1] == 'due' or said[1] == 'backing_off' or said[1] == 'expired'
if isOurs and redis.call('HEXISTS', 'refresher:roster', ARGV[1]) == 1 then
  local names = cjson.decode(stored[2] or '[]')
  if #names == 0 then
    names = { ARGV[1] }
  end
  stand(ARGV[1], names, { state = 'expired', reason = 'look_overdue', since = ARGV[2], expiresAt = said[2] or '' }, true)
end
return 1
