-- Replaces one sealed field of a record, unless somebody wrote another value meanwhile. An empty
-- replacement takes it out of the record and keeps it aside, for whoever finds the key again.
-- KEYS record quarantine   ARGV field before after now keepMs   -> 1, or 0 where it has changed
if redis.call('HGET', KEYS[1], ARGV[1]) ~= ARGV[2] then
  return 0
end
if ARGV[3] ~= '' then
  redis.call('HSET', KEYS[1], ARGV[1], ARGV[3])
  return 1
end
redis.call('HDEL', KEYS[1], ARGV[1])
redis.call('HSET', KEYS[2], ARGV[1], ARGV[2], 'since', ARGV[4])
redis.call('PEXPIRE', KEYS[2], ARGV[5])
return 1
