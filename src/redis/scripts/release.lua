-- Gives back a lease that is still ours: never somebody else's.
-- KEYS lease   ARGV owner   -> 1, or 0 where it was not ours
if redis.call('GET', KEYS[1]) ~= ARGV[1] then
  return 0
end
return redis.call('DEL', KEYS[1])
