# What aws.sh and gcp.sh have in common: questions over HTTP, within bounds, and files that only root reads.
# shellcheck shell=dash
# No value is ever a word of a command or in the environment: what is secret goes through files in this folder, which is
# in memory, and through pipes.

work=${TMPDIR:-/tmp}
secrets=${SECRETS_FOLDER:-/run/secrets}
# How often a question is asked that has no answer yet; 1, 2, 4 … seconds lie between.
tries=6
umask 077

give_up() {
  echo "fetch-secrets: $1" >&2
  exit 1
}

# Asks $1, as people call it, with the arguments for curl that follow. The answer is in $work/answer. Who is not
# reached, has too much to do or a fault of its own, or does not know the role yet, is asked again. curl reads
# $work/login, too, if it is there.
ask() {
  local whom="$1" try=1 delay=1 status reason=''
  shift
  [ ! -e "$work/login" ] || set -- --config "$work/login" "$@"
  while :; do
    : >"$work/answer"
    status=$(curl --disable --silent --show-error --noproxy '*' --proto '=http,https' --connect-timeout 3 --max-time 10 \
      --max-filesize 1048576 --output "$work/answer" --write-out '%{http_code}' "$@" 2>"$work/problem") || status=000
    case $status in
      200) return 0 ;;
      # An answer from before tells more than that there was none.
      000) [ -n "$reason" ] || reason=$(head -n 1 "$work/problem" | printable) ;;
      *) reason="status $status: $(what_was_wrong | printable)" ;;
    esac
    is_worth_a_try "$status" || break
    [ "$try" -lt "$tries" ] || break
    sleep "$delay"
    try=$((try + 1))
    delay=$((delay * 2))
  done
  give_up "$whom: $reason"
}

# True if the answer may be another one soon.
is_worth_a_try() {
  case $1 in
    000 | 408 | 429 | 5??) true ;;
    # The metadata service does not know the role yet; that there is no such secret, an API says in words.
    404) [ -z "$(what_was_wrong)" ] ;;
    # What AWS says when it is asked too often.
    400) what_was_wrong | grep -q '^Throttling' ;;
    *) false ;;
  esac
}

# The fault that the answer tells, as AWS and Google write it; nothing of an answer in another form.
what_was_wrong() {
  jq -r '(.error // .) | [(.__type // .status // "" | tostring | sub("^.*#"; "")), (.message // .Message // "")]
    | map(tostring | select(. != "")) | join(": ")' "$work/answer" 2>/dev/null || true
}

# Standard input as one line of bounded length, without control characters.
printable() {
  tr -c ' -~' ' ' | cut -c 1-300 | sed 's/  */ /g; s/ $//'
}

# Makes what jq's filter $2 makes of the answer the secret $1: all of it, or nothing. Without $3 it is the text; with
# $3, what the text is in base64.
keep() {
  local file="$secrets/$1"
  jq -ej "$2 | strings" "$work/answer" >"$work/value" 2>/dev/null || give_up "$1: the answer is not the JSON of a secret"
  if [ -n "${3:-}" ]; then
    # What decodes it takes anything.
    jq -e "$2"' | length % 4 == 0 and test("^[A-Za-z0-9+/]*={0,2}$")' "$work/answer" >/dev/null 2>&1 ||
      give_up "$1: the answer is not base64"
    base64 -d <"$work/value" >"$work/bytes"
    mv "$work/bytes" "$work/value"
  fi
  [ -s "$work/value" ] || give_up "$1: the secret is empty"
  rm -f "$secrets/.$1"
  cat "$work/value" >"$secrets/.$1"
  chmod 400 "$secrets/.$1"
  mv "$secrets/.$1" "$file"
  rm -f "$work/value" "$work/answer"
  echo "fetch-secrets: $1 is there"
}

# Splits NAME=SOURCE into `name` and `source`.
split() {
  name=${1%%=*}
  source=${1#*=}
  case $1 in *=?*) ;; *) give_up "$1: NAME=SOURCE is wanted" ;; esac
  case $name in
    '' | .* | *[!A-Za-z0-9._-]*) give_up "$name: a name has letters, digits, dots, dashes, and no dot in front" ;;
  esac
}
