#!/usr/bin/busybox sh
# Answers with the state of the machine: 200 if it is ready, 503 if it is not.
# shellcheck shell=dash
state=
read -r state 2>/dev/null </run/ingot/machine.json
case $state in
  '{"ingot":"ready",'*) status='200 OK' ;;
  *) status='503 Service Unavailable' ;;
esac
printf 'Status: %s\r\nContent-Type: application/json\r\nCache-Control: no-store\r\n\r\n%s\n' "$status" "${state:-{\}}"
