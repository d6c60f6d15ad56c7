-- Takes all accounts off the list of those that wait whose jobs are lost, and makes them due now: a claim that found
-- them there has pushed them ahead once more, and a token of a minute does not live as long.
-- KEYS due queued   ARGV before now
for _, name in ipairs(redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', ARGV[1])) do
  redis.call('ZREM', KEYS[2], name)
  if tonumber(redis.call('ZSCORE', KEYS[1], name) or '0') > tonumber(ARGV[2]) then
    redis.call('ZADD', KEYS[1], ARGV[2], name)
  end
end
return 1
