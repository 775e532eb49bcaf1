# Comes with json.awk. What all programs share that say how the machine's network cards are to be set up: they note it by
# card, its name or MAC address, and `write_facts` writes a fact in a line to the file `into`, as network.sh reads them.
# Whatever gets there is a word of the form that it must have. What is wrong goes to standard output, and the status is 1;
# where it may be right and is not understood, the status is 2.

# In one piece.
BEGIN { RS = "\001" }
{ text = text $0 }

function give_up(why) { print printable(why); exit 1 }
function not_known(path) { print printable(named(path)) " is not understood"; exit 2 }

# A path as people write it.
function named(path) {
  sub(/^\//, "", path)
  gsub(/\//, ".", path)
  return path == "" ? "it" : path
}

# Short, and without anything that a terminal would act upon.
function printable(words) {
  gsub(/[^ -~]/, "?", words)
  return substr(words, 1, 200)
}

# The value at a path; nothing where there is none.
function single(path) {
  if (kind[path] == "object" || kind[path] == "array") give_up(named(path) " must be a single value")
  return value[path]
}

function truth(path, word) {
  word = tolower(single(path))
  if (word ~ /^(true|yes|on)$/) return 1
  if (word ~ /^(|false|no|off)$/) return 0
  give_up(named(path) " must be true or false, not " word)
}

# How many items the list at a path has; none where there is nothing.
function items(path, i) {
  if (kind[path] == "object" || value[path] != "") give_up(named(path) " must be a list")
  for (i = 0; (path "/" i) in kind; i++) continue
  return i
}

# Stops at each member of the map at a path that is not one of the words, unless there is nothing in it.
function know(path, words, names, count, i, at) {
  if (kind[path] != "object") give_up(named(path) " must be a map")
  count = split(members[path], names, SUBSEP)
  for (i = 1; i <= count; i++) {
    at = path "/" names[i]
    if (index(" " words " ", " " names[i] " ") && names[i] !~ / /) continue
    if (kind[at] == "object" ? members[at] != "" : kind[at] == "array" ? (at "/0") in kind : value[at] != "") not_known(at)
  }
}

# The card of a MAC address, or else of a name; `path` is where it is said.
function card_of(mac, name, path) {
  if (mac != "") {
    if (mac !~ /^[0-9A-Fa-f][0-9A-Fa-f](:[0-9A-Fa-f][0-9A-Fa-f])+$/ || length(mac) != 17)
      give_up(named(path) " has no valid MAC address: " mac)
    return tolower(mac)
  }
  if (name !~ /^[A-Za-z][A-Za-z0-9_.-]*$/ || length(name) > 15)
    give_up(named(path) " names no network card: " name)
  return name
}

# Takes a card, once.
function add_card(card, path) {
  if (card in known_cards) give_up(named(path) " is of a network card that was named before: " card)
  known_cards[card]
  cards[++card_count] = card
}

function set_mtu(card, path, mtu) {
  mtu = single(path)
  if (mtu == "") return
  if (mtu !~ /^[1-9][0-9]*$/ || length(mtu) > 5 || mtu + 0 < 68 || mtu + 0 > 65535)
    give_up(named(path) " must be a number of bytes: " mtu)
  mtus[card] = mtu
}

# An address with its mask or length, in one text or in two.
function add_address(card, address, mask, path, parts, bits, family) {
  bits = mask
  if (split(address, parts, "/") == 2) { address = parts[1]; bits = parts[2] }
  family = family_of(address)
  if (!family) give_up(named(path) " has no valid address: " address)
  bits = bits_of(bits, family)
  if (bits == "") give_up(named(path) " does not say how long the network of " address " is")
  has[card, family] = 1
  if (bits < (family == 4 ? 32 : 128)) is_wide[card, family] = 1
  addresses[card] = addresses[card] card " address " address "/" bits "\n"
}

# A way: where to, by whom, and what it costs.
function add_route(card, to, mask, via, metric, onlink, path, parts, bits, family) {
  family = family_of(via)
  if (!family) give_up(named(path) " has no valid gateway: " via)
  if (metric != "" && (metric !~ /^[0-9]+$/ || length(metric) > 9)) give_up(named(path) " has no valid metric: " metric)
  bits = mask
  if (to != "default") {
    if (split(to, parts, "/") == 2) { to = parts[1]; bits = parts[2] }
    if (family_of(to) != family) give_up(named(path) " leads to no valid address: " to)
    bits = bits_of(bits, family)
    if (bits == "") give_up(named(path) " does not say how long the network of " to " is")
    to = bits == 0 ? "default" : to "/" bits
  }
  route_card[++route_count] = card
  routes[route_count] = to " " via " " (metric == "" ? "-" : metric)
  route_family[route_count] = family
  is_onlink[route_count] = onlink
}

function add_server(address, path) {
  if (!family_of(address)) give_up(named(path) " has no valid address of a name server: " address)
  if (address in known_servers) return
  known_servers[address]
  servers = servers "- nameserver " address "\n"
}

function add_search(domain, path) {
  if (domain !~ /^[A-Za-z0-9_][A-Za-z0-9_.-]*$/ || length(domain) > 253)
    give_up(named(path) " is no domain: " domain)
  if (domain in known_domains) return
  known_domains[domain]
  domains = domains "- search " domain "\n"
}

# The list at a path, or the single value there, goes to `add_server` or, for domains, `add_search`.
function add_names(path, are_domains, is_single, count, i, at) {
  is_single = value[path] != ""
  count = is_single ? 1 : items(path)
  for (i = 0; i < count; i++) {
    at = is_single ? path : path "/" i
    if (single(at) == "") continue
    if (are_domains) add_search(single(at), at)
    else add_server(single(at), at)
  }
}

function write_facts(i, k, card, family, onlink) {
  for (i = 1; i <= card_count; i++) {
    card = cards[i]
    if (mtus[card] != "") printf "%s mtu %s\n", card, mtus[card] >into
    printf "%s", addresses[card] >into
    for (k = 1; k <= route_count; k++) {
      if (route_card[k] != card) continue
      family = route_family[k]
      # Where each address is alone in its network, the gateway is outside of them, and nevertheless on the link.
      onlink = is_onlink[k] || (has[card, family] && !is_wide[card, family])
      printf "%s route %s %s\n", card, routes[k], (onlink ? "onlink" : "-") >into
    }
    printf "%s dhcp4 %s\n", card, wants_dhcp4[card] ? "on" : "off" >into
    if (wants_dhcp6[card]) printf "%s dhcp6 on\n", card >into
  }
  printf "%s%s", servers, domains >into
  if (close(into) != 0) give_up("it cannot be kept")
}

# 4, 6, or 0 for no address.
function family_of(address, parts, count, i, groups) {
  if (length(address) > 39) return 0
  if (address ~ /^[0-9]+[.][0-9]+[.][0-9]+[.][0-9]+$/) {
    split(address, parts, "[.]")
    for (i = 1; i <= 4; i++) if (parts[i] ~ /^0./ || length(parts[i]) > 3 || parts[i] + 0 > 255) return 0
    return 4
  }
  if (address !~ /^[0-9A-Fa-f:]+$/ || address !~ /:/) return 0
  count = split(address, parts, "::")
  if (count > 2) return 0
  groups = groups_in(parts[1])
  if (count == 1) return groups == 8 ? 6 : 0
  if (groups < 0 || groups_in(parts[2]) < 0) return 0
  return groups + groups_in(parts[2]) <= 7 ? 6 : 0
}

# How many groups of an IPv6 address a text has; -1 where one is none.
function groups_in(words, groups, count, i) {
  count = split(words, groups, ":")
  for (i = 1; i <= count; i++) if (groups[i] !~ /^[0-9A-Fa-f]+$/ || length(groups[i]) > 4) return -1
  return count
}

# The length of a network, from itself or a mask; nothing where it is none.
function bits_of(mask, family, parts, count, i, place, group, bits, ended, highest) {
  if (mask ~ /^[0-9]+$/)
    return length(mask) <= 3 && mask !~ /^0./ && mask + 0 <= (family == 4 ? 32 : 128) ? mask + 0 : ""
  if (family_of(mask) != family) return ""
  highest = family == 4 ? 128 : 32768
  # All of an IPv6 mask is before its zeros.
  if (family == 6 && mask ~ /::./) return ""
  count = split(mask, parts, family == 4 ? "[.]" : ":")
  for (i = 1; i <= count; i++) {
    group = family == 4 ? parts[i] + 0 : hex(parts[i])
    for (place = highest; place >= 1; place /= 2) {
      if (group < place) { ended = 1; continue }
      if (ended) return ""
      bits++
      group -= place
    }
  }
  return bits + 0
}
