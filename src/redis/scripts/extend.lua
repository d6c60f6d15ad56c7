-- Keeps a lease that is still ours, and takes it anew where Redis has lost it together with the record: nobody has
-- acted since, and the answer of the call under way must be heard, a refusal above all.
-- KEYS lease record   ARGV owner ttlMs   -> 1, or 0 where it is lost
local owner = redis.call('GET', KEYS[1])
if not owner and redis.call('EXISTS', KEYS[2]) == 0 then
  redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
  return 1
end
if owner ~= ARGV[1] then
  return 0
end
return redis.call('PEXPIRE', KEYS[1], ARGV[2])
