# Reads secrets with the role of the instance: aws.sh NAME=secretsmanager:ID NAME=ssm:PARAMETER …
# shellcheck shell=dash
set -eu
here=${0%/*}
# shellcheck source=fetch.sh
. "$here/fetch.sh"

# The variables are those that AWS' own tools know.
metadata=${AWS_EC2_METADATA_SERVICE_ENDPOINT:-http://169.254.169.254}
region=${AWS_REGION:-$(cat /run/config/region 2>/dev/null || true)}
case $region in
  '' | *[!a-z0-9-]*) give_up 'the region is not known: /run/config/region says it on EC2, AWS_REGION elsewhere' ;;
  cn-*) domain=$region.amazonaws.com.cn ;;
  *) domain=$region.amazonaws.com ;;
esac

# Leaves the credentials of the role in $work/login, which curl reads: they last for hours, and are asked for once.
log_in() {
  local role
  ask 'the metadata service (IMDSv2)' --request PUT --header 'X-aws-ec2-metadata-token-ttl-seconds: 300' \
    "$metadata/latest/api/token"
  jq -Rr '"header = \("X-aws-ec2-metadata-token: " + . | tojson)"' "$work/answer" >"$work/login"
  ask 'the role of this instance' "$metadata/latest/meta-data/iam/security-credentials/"
  role=$(head -n 1 "$work/answer")
  case $role in '' | *[!A-Za-z0-9+=,.@_-]*) give_up 'the role of this instance has no name' ;; esac
  ask "the credentials of role $role" "$metadata/latest/meta-data/iam/security-credentials/$role"
  jq -er 'select(.Code == "Success") | "user = \(.AccessKeyId + ":" + .SecretAccessKey | tojson)",
    "header = \("X-Amz-Security-Token: " + .Token | tojson)"' "$work/answer" >"$work/credentials" 2>/dev/null ||
    give_up "the credentials of role $role: $(jq -r '"\(.Code): \(.Message)"' "$work/answer" 2>/dev/null | printable)"
  mv "$work/credentials" "$work/login"
}

# Asks service $1 at $2 for action $3 with the JSON in $work/question, signed (Signature Version 4).
call() {
  ask "$name ($1 $source)" --aws-sigv4 "aws:amz:$region:$1" --header 'Content-Type: application/x-amz-json-1.1' \
    --header "X-Amz-Target: $3" --data-binary "@$work/question" "$2/"
}

log_in
for wanted in "$@"; do
  split "$wanted"
  case $source in
    secretsmanager:?*)
      source=${source#*:}
      jq -n --arg id "$source" '{SecretId: $id}' >"$work/question"
      call secretsmanager "${AWS_ENDPOINT_URL_SECRETS_MANAGER:-https://secretsmanager.$domain}" \
        secretsmanager.GetSecretValue
      if jq -e 'has("SecretBinary")' "$work/answer" >/dev/null 2>&1; then
        keep "$name" .SecretBinary base64
      else
        keep "$name" .SecretString
      fi
      ;;
    ssm:?*)
      source=${source#*:}
      jq -n --arg name "$source" '{Name: $name, WithDecryption: true}' >"$work/question"
      call ssm "${AWS_ENDPOINT_URL_SSM:-https://ssm.$domain}" AmazonSSM.GetParameter
      keep "$name" .Parameter.Value
      ;;
    *) give_up "$name: secretsmanager:ID or ssm:PARAMETER is wanted" ;;
  esac
done
