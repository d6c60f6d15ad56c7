-- Keeps a silence that a broker asked for; a shorter one never cuts a longer one off.
-- KEYS silence   ARGV until code scope now   -> 1
if tonumber(redis.call('HGET', KEYS[1], 'until') or '0') < tonumber(ARGV[1]) then
  redis.call('HSET', KEYS[1], 'until', ARGV[1], 'code', ARGV[2], 'scope', ARGV[3], 'since', ARGV[4])
  redis.call('PEXPIREAT', KEYS[1], ARGV[1])
end
return 1
