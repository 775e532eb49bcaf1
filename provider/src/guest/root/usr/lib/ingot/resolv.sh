# The name servers of the machine.
# shellcheck shell=dash

# Puts together what is known from all sides, files in /run/ingot/resolv, in the order of their names. Writes in place and
# at once: containers have this very file mounted. Of `search`, resolvers heed the last line; the first is to count.
write_resolv_conf() {
  local file line text='' searches=''
  for file in /run/ingot/resolv/*; do
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
  printf '%s' "$text" >/run/resolvconf/resolv.conf
}
