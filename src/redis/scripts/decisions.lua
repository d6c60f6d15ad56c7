-- Shared by commit and settle: the last decisions about an account, newest first, for people. The same one again is
-- the same entry: how often it was made, and when last.
-- made: { did, state, reason, message, nextAt } or nil
local function keepDecision(name, made, now)
  if not made then
    return
  end
  local key = 'refresher:decisions:' .. name
  local top = redis.call('LINDEX', key, 0)
  local last = top and cjson.decode(top)
  made.at, made.last, made.times = now, now, 1
  if last and last.did == made.did and last.state == made.state and last.reason == made.reason then
    made.at, made.times = last.at, last.times + 1
    redis.call('LPOP', key)
  end
  redis.call('LPUSH', key, cjson.encode(made))
  redis.call('LTRIM', key, 0, 19)
  redis.call('PEXPIRE', key, '2592000000')
end
