#!/bin/sh
# Starts Redis with the users of users.acl. The passwords come from the environment and reach Redis
# as hashes in a file in memory: they stand in no process list, and any character is safe in them.
#
# users.acl takes no comments, so here: the key list of a login is a bare name, which no prefix covers.
# The patterns of the last bracket together are "every key that does not begin with refresher:".
set -eu
: "${REDIS_PASSWORD:?}" "${BOTS_PASSWORD:?}"
if [ "$REDIS_PASSWORD" = "$BOTS_PASSWORD" ]; then
  echo 'BOTS_PASSWORD equals REDIS_PASSWORD: every bot could write. Set two different ones.' >&2
  exit 1
fi
hash() { printf %s "$1" | sha256sum | cut -d ' ' -f 1; }
umask 077
sed -e "s/#REDIS_PASSWORD/#$(hash "$REDIS_PASSWORD")/" -e "s/#BOTS_PASSWORD/#$(hash "$BOTS_PASSWORD")/" \
  /etc/redis/users.acl > /tmp/users.acl
unset REDIS_PASSWORD BOTS_PASSWORD
exec redis-server /etc/redis/redis.conf --aclfile /tmp/users.acl
