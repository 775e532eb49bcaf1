# For the shell on the console of a debug image.
# shellcheck shell=dash disable=SC2034 # the shell reads PS1
PS1='ingot# '
# busybox has another command of that name.
alias svc=/usr/bin/svc
svc help
