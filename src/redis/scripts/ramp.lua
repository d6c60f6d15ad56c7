-- Shared by commit and settle: a sign-in under way has ended.
-- Doubles the network's level on a success, puts it back to one on a refusal, and makes those that
-- wait for a place due now. -> how many were woken
local function leaveRamp(levelKey, underWayKey, waitingKey, dueKey, name, outcome, now, open)
  if outcome == '' then
    return 0
  end
  redis.call('ZREM', underWayKey, name)
  local level = tonumber(redis.call('GET', levelKey) or '1')
  if outcome == 'success' then
    level = math.min(level * 2, open)
  elseif outcome == 'refusal' then
    level = 1
  end
  redis.call('SET', levelKey, level)
  redis.call('ZREMRANGEBYSCORE', underWayKey, '-inf', now)
  local room = 1000
  if redis.call('EXISTS', levelKey .. ':narrow') == 1 then
    -- After a failure one goes at a time: the others are not woken for nothing.
    room = 1 - redis.call('ZCARD', underWayKey)
  elseif level < open then
    room = level - redis.call('ZCARD', underWayKey)
  end
  if room <= 0 then
    return 0
  end
  local woken = redis.call('ZRANGE', waitingKey, 0, room - 1)
  for _, waiting in ipairs(woken) do
    redis.call('ZREM', waitingKey, waiting)
    redis.call('ZADD', dueKey, 'XX', now, waiting)
  end
  return #woken
end
