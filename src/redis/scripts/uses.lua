-- What an account is used for, by UTC day, for a month; in the step that is made anyway, and with the lease that
-- it gives back: a step that is repeated because its reply was lost counts once.
-- uses: { fields = {'2026-11-30:refreshes', ...}, firstDay, keptMs } or nil
local function countUses(name, uses)
  if not uses then
    return
  end
  local key = 'refresher:uses:' .. name
  local isFirst = false
  for _, field in ipairs(uses.fields) do
    isFirst = redis.call('HINCRBY', key, field, 1) == 1 or isFirst
  end
  if isFirst then
    -- Once a day and use: what is older than is kept goes.
    for _, field in ipairs(redis.call('HKEYS', key)) do
      if field < uses.firstDay then
        redis.call('HDEL', key, field)
      end
    end
    redis.call('PEXPIRE', key, string.format('%.0f', uses.keptMs))
  end
end
