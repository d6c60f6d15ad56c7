-- Keeps a silence that a broker asked for; a shorter one never cuts a longer one off. By the server's clock, whatever
-- the clock of who was asked says: one that is behind must not end it early for all, nor one that is ahead late.
-- KEYS silence   ARGV until code scope now (`redis` where it is by the server's clock already) message (empty for none)
-- -> {its end by the server's clock, how long that is yet}
local t = redis.call('TIME')
local serverNow = t[1] * 1000 + math.floor(t[2] / 1000)
local until_ = tonumber(ARGV[1])
if ARGV[4] ~= 'redis' then
  until_ = serverNow + until_ - tonumber(ARGV[4])
end
local left = math.max(0, until_ - serverNow)
local isLonger = until_ > tonumber(redis.call('HGET', KEYS[1], 'until') or '0')
local ending = string.format('%.0f', until_)
if left > 0 and isLonger then
  redis.call('HSET', KEYS[1], 'until', ending, 'code', ARGV[2], 'scope', ARGV[3], 'since', string.format('%.0f', serverNow),
    'message', ARGV[5])
  redis.call('PEXPIREAT', KEYS[1], ending)
end
return { ending, string.format('%.0f', left) }
