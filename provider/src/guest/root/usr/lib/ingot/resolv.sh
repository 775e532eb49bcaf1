# The name servers of the machine.
# shellcheck shell=dash

# Puts together what is known from all sides, files in /run/ingot/resolv, in the order of their names. Writes in place and
# at once: containers have this very file mounted. Leases that come at the same time may each be written without the other,
# so whoever has written looks whether that is what is known.
write_resolv_conf() {
  local text known
  while :; do
    join_names /run/ingot/resolv/*
    known=$text
    join_names /run/resolvconf/resolv.conf
    [ "$text" != "$known" ] || return 0
    printf '%s' "$known" >/run/resolvconf/resolv.conf || return
  done
}

# Leaves the lines of the files $* in `text`. Of `search`, resolvers heed the last line; the first is to count.
join_names() {
  local file line searches=''
  text=
  for file; do
    while read -r line; do
      case $line in
        search*)
          [ -z "$searches" ] || continue
          searches=1
          ;;
      esac
      text="$text$line
"
    done 2>/dev/null <"$file"
  done
}
