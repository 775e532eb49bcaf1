# Comes with json.awk, yaml.awk and network.awk. Reads what a NoCloud disk says of the network, in version 1 or 2 of that
# format, as YAML or JSON.

END {
  # All JSON is YAML; what of it is in several lines only the reader of JSON can read.
  if (text ~ /^[ \t\r\n]*\{/) {
    whole = text
    read_json()
    text = whole
  } else wrong = "no JSON"
  if (wrong != "") {
    split("", kind)
    split("", value)
    split("", members)
    read_yaml()
  }
  if (unclear != "") { print unclear " is not understood"; exit 2 }
  # Nothing but comments.
  if (kind[""] == "other" && value[""] == "") exit
  if (kind[""] != "object") give_up("it is no map")
  top = ""
  if ("/network" in kind) { know("", "network"); top = "/network" }
  version = single(top "/version")
  if (version == "1") read_version_1()
  else if (version == "2") read_version_2()
  else not_known(top "/version")
  write_facts()
  if (note != "") print note
}

function read_version_1(count, i, at, type) {
  know(top, "version config")
  if (kind[top "/config"] != "array") not_known(top "/config")
  count = items(top "/config")
  for (i = 0; i < count; i++) {
    at = top "/config/" i
    if (kind[at] != "object") give_up(named(at) " must be a map")
    type = single(at "/type")
    if (type == "physical") read_physical(at)
    else if (type == "nameserver") {
      know(at, "type address search interface")
      add_names(at "/address", 0)
      add_names(at "/search", 1)
    } else if (type != "loopback") not_known(at "/type")
  }
}

function read_physical(path, card, count, i, at, type) {
  know(path, "type name mac_address mtu subnets wakeonlan")
  card = card_of(single(path "/mac_address"), single(path "/name"), path)
  add_card(card, path)
  set_mtu(card, path "/mtu")
  count = items(path "/subnets")
  for (i = 0; i < count; i++) {
    at = path "/subnets/" i
    know(at, "type address netmask gateway dns_nameservers dns_search routes control ipv4 ipv6")
    type = single(at "/type")
    if (type ~ /^dhcp4?$/) wants_dhcp4[card] = 1
    else if (type ~ /^(dhcp6|ipv6_dhcpv6-stateful)$/) wants_dhcp6[card] = 1
    else if (type ~ /^static6?$/) {
      add_address(card, single(at "/address"), single(at "/netmask"), at)
      if (single(at "/gateway") != "") add_route(card, "default", "", single(at "/gateway"), "", 0, at)
    } else if (type !~ /^(manual|ipv6_slaac|ipv6_dhcpv6-stateless)$/) not_known(at "/type")
    add_names(at "/dns_nameservers", 0)
    add_names(at "/dns_search", 1)
    read_routes(card, at "/routes", "destination network netmask prefix gateway metric")
  }
}

function read_version_2(count, i, names, at) {
  know(top, "version ethernets renderer")
  if (kind[top "/ethernets"] == "") return
  if (kind[top "/ethernets"] != "object") give_up(named(top "/ethernets") " must be a map")
  count = split(members[top "/ethernets"], names, SUBSEP)
  for (i = 1; i <= count; i++) {
    # It must not be taken for a path.
    if (names[i] ~ /[\/]/) not_known(top "/ethernets/" names[i])
    read_ethernet(top "/ethernets/" names[i], names[i])
  }
}

function read_ethernet(path, id, card, mac, count, i) {
  know(path, "match set-name addresses gateway4 gateway6 routes nameservers dhcp4 dhcp6 mtu optional critical accept-ra" \
    " wakeonlan dhcp-identifier renderer")
  if (kind[path "/match"] == "object") {
    know(path "/match", "macaddress name")
    mac = single(path "/match/macaddress")
    if (mac == "") {
      id = single(path "/match/name")
      if (id == "" || id ~ /[*?[]/) not_known(path "/match" (id == "" ? "" : "/name"))
    }
  } else if (single(path "/match") != "") not_known(path "/match")
  # Routers are listened to always.
  if (single(path "/accept-ra") != "" && !truth(path "/accept-ra")) not_known(path "/accept-ra")
  card = card_of(mac, id, path)
  add_card(card, path)
  if (single(path "/set-name") != "" && single(path "/set-name") != card)
    note = printable(named(path)) ".set-name is not heeded: network cards keep the names that the kernel gives them"
  set_mtu(card, path "/mtu")
  wants_dhcp4[card] = truth(path "/dhcp4")
  wants_dhcp6[card] = truth(path "/dhcp6")
  count = items(path "/addresses")
  for (i = 0; i < count; i++) {
    if (kind[path "/addresses/" i] == "object") not_known(path "/addresses/" i)
    add_address(card, single(path "/addresses/" i), "", path "/addresses/" i)
  }
  if (single(path "/gateway4") != "") add_route(card, "default", "", single(path "/gateway4"), "", 0, path "/gateway4")
  if (single(path "/gateway6") != "") add_route(card, "default", "", single(path "/gateway6"), "", 0, path "/gateway6")
  read_routes(card, path "/routes", "to via metric on-link")
  if (kind[path "/nameservers"] == "object") {
    know(path "/nameservers", "addresses search")
    add_names(path "/nameservers/addresses", 0)
    add_names(path "/nameservers/search", 1)
  } else if (kind[path "/nameservers"] == "array" || value[path "/nameservers"] != "") not_known(path "/nameservers")
}

# The routes of either version, whose members are `words`.
function read_routes(card, path, words, count, i, at, to, mask) {
  count = items(path)
  for (i = 0; i < count; i++) {
    at = path "/" i
    know(at, words)
    to = single(at "/to") single(at "/destination") single(at "/network")
    mask = single(at "/netmask") single(at "/prefix")
    add_route(card, to, mask, single(at "/via") single(at "/gateway"), single(at "/metric"), truth(at "/on-link"), at)
  }
}
