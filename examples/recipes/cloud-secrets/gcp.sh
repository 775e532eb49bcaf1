# Reads secrets with the service account of the instance:
#   gcp.sh NAME=SECRET NAME=projects/PROJECT/secrets/SECRET/versions/VERSION …
# shellcheck shell=dash
set -eu
here=${0%/*}
# shellcheck source=fetch.sh
. "$here/fetch.sh"

# The variables are those that Google's own tools know.
metadata=http://${GCE_METADATA_HOST:-169.254.169.254}/computeMetadata/v1
endpoint=${CLOUDSDK_API_ENDPOINT_OVERRIDES_SECRETMANAGER:-https://secretmanager.googleapis.com}
endpoint=${endpoint%/}

ask 'the project of this instance' --header 'Metadata-Flavor: Google' "$metadata/project/project-id"
project=$(head -n 1 "$work/answer")
ask 'the service account of this instance' --header 'Metadata-Flavor: Google' \
  "$metadata/instance/service-accounts/default/token"
jq -er '"header = \("Authorization: Bearer " + .access_token | tojson)"' "$work/answer" >"$work/token" 2>/dev/null ||
  give_up 'the service account of this instance: there is no token in the answer'
mv "$work/token" "$work/login"

for wanted in "$@"; do
  split "$wanted"
  case $source in
    projects/*/secrets/*/versions/*) ;;
    */*) give_up "$name: SECRET or projects/PROJECT/secrets/SECRET/versions/VERSION is wanted" ;;
    *) source=projects/$project/secrets/$source/versions/latest ;;
  esac
  case $source in
    *[!A-Za-z0-9/:._-]* | *..*) give_up "$name: this is no name of a secret: $source" ;;
  esac
  ask "$name ($source)" "$endpoint/v1/$source:access"
  keep "$name" .payload.data base64
done
