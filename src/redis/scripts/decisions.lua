-- Shared by commit and settle: what was decided about an account, for people.

-- How it stood in each quarter of an hour of the last day, the worst of it, in some 115 bytes: the newest quarter, the
-- last one for which the last decision speaks (0: all to come), as what, and a letter for each, oldest first ('-': nobody knows).
-- day: { quarter, until, as }
local function keepDay(name, day)
  local key = 'refresher:day:' .. name
  local before = redis.call('GET', key) or ''
  local newest, ends, as, line = string.match(before, '^(%d+)%.(%d+)%.(%l)%.([%l%-]+)$')
  newest, ends = tonumber(newest), tonumber(ends)
  -- A clock that was set back writes into the newest.
  local quarter = math.max(day.quarter, newest or 0)
  if not newest or quarter - newest >= 96 then
    line = '-'
  else
    for each = newest + 1, quarter do
      line = line .. ((ends == 0 or each <= ends) and as or '-')
    end
  end
  local last = string.sub(line, -1)
  -- A letter that another version wrote and this one does not know gives way to any.
  if string.find('-igwx', day.as, 1, true) > (string.find('-igwx', last, 1, true) or 0) then
    last = day.as
  end
  line = string.sub(string.sub(line, 1, -2) .. last, -96)
  local now = string.format('%.0f.%.0f.%s.%s', quarter, day['until'], day.as, line)
  if now ~= before then
    redis.call('SET', key, now, 'PX', '172800000')
  end
end

-- The last decisions, newest first. The same one again is the same entry: how often it was made, and when last.
-- made: { did, state, reason, message, nextAt, day } or nil
local function keepDecision(name, made, now)
  if not made then
    return
  end
  keepDay(name, made.day)
  made.day = nil
  local key = 'refresher:decisions:' .. name
  local top = redis.call('LINDEX', key, 0)
  local last = top and cjson.decode(top)
  made.at, made.last, made.times = now, now, 1
  if last and last.did == made.did and last.state == made.state and last.reason == made.reason then
    made.at, made.times = last.at, last.times + 1
    redis.call('LPOP', key)
  end
  redis.call('LPUSH', key, cjson.encode(made))
  redis.call('LTRIM', key, 0, 19)
  redis.call('PEXPIRE', key, '2592000000')
end
