#!/bin/sh
# Makes the secrets that compose.yaml mounts, each in a file of its own, in the folder secrets beside this script (or the one that is given).
# A file that is there already stays as it is, so it can be run again at any time. The folder is its owner's alone; the files in it can be read by
# anybody who gets so far, for each container has a user of its own, and mounts only those that it needs.
set -eu
folder=${1:-$(dirname "$0")/secrets}
umask 077
mkdir -p "$folder"
chmod 700 "$folder"

random_hex() { od -A n -N 32 -t x1 /dev/urandom | tr -d ' \n'; }
random_base64() { dd if=/dev/urandom bs=32 count=1 2>/dev/null | base64; }

# keep NAME: what comes in becomes the file NAME, unless there is one.
keep() {
    if [ -e "$folder/$1" ]; then
        cat >/dev/null
        return
    fi
    cat >"$folder/.$1"
    chmod 444 "$folder/.$1"
    mv "$folder/.$1" "$folder/$1"
    echo "made $folder/$1"
}

# What encrypts: without these, what was encrypted with them is lost. Back them up, apart from the database.
random_base64 | keep authority_master_secret
random_base64 | keep server_cache_key

# Who is who: the Server at the Authority, and the Authority at the broker. A real broker gave you the second one: put it there before.
random_hex | keep server_at_authority
random_hex | keep authority_at_brokerage
printf '' | keep mail_password # empty: no mail server, or one that asks for none

# PostgreSQL: its own superuser, and the Authority's user.
random_hex | keep postgres_password
random_hex | keep postgres_authority_password
echo "Host=postgres;Database=authority;Username=authority;Password=$(cat "$folder/postgres_authority_password")" | keep authority_database

# Redis: one user, who may read, write and listen, and nothing else. Redis gets the password's hash alone.
random_hex | keep redis_password
hash=$(tr -d '\n' <"$folder/redis_password" | sha256sum | cut -d ' ' -f 1)
printf 'user default off\nuser stockmcp on #%s ~* &* +@read +@write +@connection +@pubsub +@transaction\n' "$hash" | keep redis_users
echo "redis:6379,user=stockmcp,password=$(cat "$folder/redis_password"),abortConnect=false" | keep redis_connection
