-- Writes an attempt before its call goes out, passes the sign-in ramp where one is named, and gives
-- the lease its full time again, so that the call's deadline always lies inside it.
-- KEYS lease record rampLevel rampUnderWay rampWaiting
-- ARGV owner ttlMs attempt seedSpent name now useRamp open seenRequest
-- -> 1 noted, 0 lease lost, -1 the ramp is full (the lease is given back)
if redis.call('GET', KEYS[1]) ~= ARGV[1] then
  return 0
end
if ARGV[7] == '1' then
  local level = tonumber(redis.call('GET', KEYS[3]) or '1')
  if level < tonumber(ARGV[8]) then
    redis.call('ZREM', KEYS[4], ARGV[5])
    redis.call('ZREMRANGEBYSCORE', KEYS[4], '-inf', ARGV[6])
    if redis.call('ZCARD', KEYS[4]) >= level then
      redis.call('ZADD', KEYS[5], 'NX', ARGV[6], ARGV[5])
      -- Given back here, not by the caller: who wakes it must find it free.
      redis.call('DEL', KEYS[1])
      return -1
    end
    -- A place ends with its lease: a process that dies does not hold it for ever.
    redis.call('ZADD', KEYS[4], string.format('%.0f', tonumber(ARGV[6]) + tonumber(ARGV[2])), ARGV[5])
  end
  redis.call('ZREM', KEYS[5], ARGV[5])
end
redis.call('PEXPIRE', KEYS[1], ARGV[2])
redis.call('HSET', KEYS[2], 'attempt', ARGV[3])
if redis.call('HGET', KEYS[2], 'request') == ARGV[9] then
  redis.call('HDEL', KEYS[2], 'request')
end
if ARGV[4] ~= '' then
  redis.call('HSET', KEYS[2], 'seedSpent', ARGV[4])
end
return 1
