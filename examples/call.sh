#!/bin/sh
# Calls a broker with the live token of an account, by redis-cli and curl alone:
#
#   REDIS_HOST=… REDIS_USERNAME=bots REDISCLI_AUTH=… examples/call.sh NAME /path [options of curl…]
#
# Prints the broker's answer. Where there is no live token it says why, as `state:NAME` does, and exits with 3.
# A refused token (401) is reported, and the call made again with the newer one, as soon as there is one.
set -eu

if [ $# -lt 2 ]; then
  echo "usage: $0 NAME PATH [options of curl]" >&2
  exit 2
fi
name=$1 path=$2
shift 2
wait_seconds=${WAIT_SECONDS:-30}

# The password comes from REDISCLI_AUTH: in an argument everybody on this machine could read it.
redis() {
  redis-cli -h "${REDIS_HOST:-127.0.0.1}" -p "${REDIS_PORT:-6379}" ${REDIS_USERNAME:+--user "$REDIS_USERNAME"} "$@" </dev/null
}

# One command, so all of one generation: generation, base URL and headers, a line each.
read_meta() {
  meta=$(redis HMGET "meta:$name" generation baseUrl headers)
  generation=$(printf '%s\n' "$meta" | sed -n 1p)
  base_url=$(printf '%s\n' "$meta" | sed -n 2p)
  headers=$(printf '%s\n' "$meta" | sed -n 3p)
  case $generation in
    *[!0-9]*)
      echo "Redis says: $generation" >&2
      exit 1
      ;;
  esac
}

say_why() {
  state=$(redis HMGET "state:$name" state reason since expiresAt)
  set -- "$(printf '%s\n' "$state" | sed -n 1p)" "$(printf '%s\n' "$state" | sed -n 2p)" \
    "$(printf '%s\n' "$state" | sed -n 3p)" "$(printf '%s\n' "$state" | sed -n 4p)"
  case $1 in
    '') echo "no token for $name: the service keeps no account of that name, or this is another Redis" >&2 ;;
    backing_off | due | expired | refreshing) echo "no token for $name: $1 ($2) since $3; the service goes on by itself, try again in a second or two" >&2 ;;
    stopped) echo "no token for $name: stopped ($2) since $3; a person has to act, and was told" >&2 ;;
    awaiting_approval) echo "no token for $name: a person has to log in ($2) by $4, and was told" >&2 ;;
    fresh) echo "no token for $name: its keys were deleted or ran out; it is written again within 30 s where the service runs" >&2 ;;
    *) echo "no token for $name: $1 ($2) since $3" >&2 ;;
  esac
  exit 3
}

# Prints the status; the answer is in the file. The headers go by standard input: they place orders.
call() {
  case $headers in
    *\\*)
      echo "the headers of $name need a reader of JSON" >&2
      exit 1
      ;;
  esac
  printf '%s' "$headers" | sed 's/^{"//; s/"}$//; s/":"/: /g; s/","/\
/g' | curl --silent --show-error --max-time 20 --output "$answer" --write-out '%{http_code}' --header @- "$@" "$base_url$path"
}

answer=$(mktemp)
trap 'rm -f "$answer"' EXIT

read_meta
[ -n "$headers" ] || say_why
status=$(call "$@")
if [ "$status" = 401 ]; then
  refused=$generation
  read_meta
  if [ "$generation" = "$refused" ]; then
    redis XADD token-reports '*' name "$name" generation "$refused" status 401 >/dev/null
  fi
  # Not in a loop: the service proves the token, and replaces it once where it is dead.
  while [ "$wait_seconds" -gt 0 ] && { [ -z "$generation" ] || [ "$generation" -le "$refused" ]; }; do
    sleep 1
    wait_seconds=$((wait_seconds - 1))
    read_meta
  done
  [ -n "$headers" ] || say_why
  if [ "$generation" -gt "$refused" ]; then status=$(call "$@"); fi
fi
cat "$answer"
case $status in
  2??) ;;
  *)
    echo "$name: HTTP $status" >&2
    exit 1
    ;;
esac
