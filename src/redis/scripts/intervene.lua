-- A person's pause, its end, or a logout: kept in the record, seen by readers at once, looked at now. What was wished
-- for before it is over.
-- includes publish.lua (for stand)
-- KEYS record due roster   ARGV payload (JSON): { name, names, now, paused, standing }
-- -> 1, or 0 where no such account is served
local p = cjson.decode(ARGV[1])
if redis.call('HEXISTS', KEYS[3], p.name) == 0 then
  return 0
end
redis.call('HSET', KEYS[1], 'paused', p.paused)
redis.call('HDEL', KEYS[1], 'request')
redis.call('ZADD', KEYS[2], string.format('%.0f', p.now), p.name)
stand(p.name, p.names, p.standing, true)
return 1
