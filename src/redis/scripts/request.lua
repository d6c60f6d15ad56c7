-- A person's wish for a refresh: kept in the record, looked at now.
-- KEYS record due roster   ARGV name request now   -> 1, or 0 where no such account is served
if redis.call('HEXISTS', KEYS[3], ARGV[1]) == 0 then
  return 0
end
redis.call('HSET', KEYS[1], 'request', ARGV[2])
redis.call('ZADD', KEYS[2], ARGV[3], ARGV[1])
return 1
