# Settings of the kernel: what hardens it, and then what the image says in /etc/sysctl.d and /etc/sysctl.conf.
# shellcheck shell=dash

# False if the kernel refuses one; `problem` then says in which file.
apply_settings() {
  local name value file
  # The kernel keeps the memory of no program that crashed: an empty pattern, without the number of the process.
  # Ctrl-alt-del is a signal to PID 1 instead of an immediate reset.
  while read -r name value; do
    [ ! -e "/proc/sys/$name" ] || printf '%s\n' "$value" >"/proc/sys/$name"
  done <<END
fs/protected_fifos 1
fs/protected_hardlinks 1
fs/protected_regular 1
fs/protected_symlinks 1
fs/suid_dumpable 0
kernel/core_pattern
kernel/core_uses_pid 0
kernel/ctrl-alt-del 0
kernel/dmesg_restrict 1
kernel/kptr_restrict 1
kernel/perf_event_paranoid 3
kernel/yama/ptrace_scope 1
net/ipv4/conf/all/accept_redirects 0
net/ipv4/conf/all/send_redirects 0
net/ipv4/conf/default/accept_redirects 0
net/ipv4/conf/default/send_redirects 0
net/ipv4/tcp_syncookies 1
net/ipv6/conf/all/accept_redirects 0
net/ipv6/conf/default/accept_redirects 0
END
  for file in /etc/sysctl.d/*.conf /etc/sysctl.conf; do
    [ -e "$file" ] || continue
    problem="the kernel does not take a setting of $file"
    sysctl -q -p "$file" || return
  done
}
