# Comes with json.awk and network.awk. Reads what an OpenStack config drive says of the network (network_data.json). It
# has much that is for others, so only what is known is looked at; what changes what that means is not understood.

END {
  read_json()
  if (wrong != "") give_up("it is not valid JSON: " wrong)
  if (kind[""] != "object") give_up("it is no map")
  count = items("/links")
  for (i = 0; i < count; i++) {
    at = "/links/" i
    if (kind[at] != "object") give_up(named(at) " must be a map")
    if (single(at "/type") ~ /^(bond|vlan|vxlan|ib0)$/) not_known(at "/type")
    if (single(at "/id") == "") give_up(named(at) " has no id")
    links["" single(at "/id")] = at
  }
  count = items("/networks")
  for (i = 0; i < count; i++) read_network("/networks/" i)
  add_services("/services")
  write_facts()
}

function read_network(path, link, card, type, count, i, at) {
  if (kind[path] != "object") give_up(named(path) " must be a map")
  link = single(path "/link")
  if (!(link in links)) give_up(named(path) " has a link that is not there: " link)
  card = card_of(single(links[link] "/ethernet_mac_address"), "", links[link])
  # Several networks on one link are usual.
  if (!(card in known_cards)) {
    add_card(card, path)
    set_mtu(card, links[link] "/mtu")
  }
  type = single(path "/type")
  if (type == "ipv4_dhcp") wants_dhcp4[card] = 1
  else if (type ~ /^ipv6_(dhcp|dhcpv6-stateful)$/) wants_dhcp6[card] = 1
  else if (type ~ /^ipv[46]$/) {
    add_address(card, single(path "/ip_address"), single(path "/netmask"), path)
    if (single(path "/gateway") != "") add_route(card, "default", "", single(path "/gateway"), "", 0, path)
    count = items(path "/routes")
    for (i = 0; i < count; i++) {
      at = path "/routes/" i
      if (kind[at] != "object") give_up(named(at) " must be a map")
      add_route(card, single(at "/network"), single(at "/netmask"), single(at "/gateway"), "", 0, at)
    }
  } else if (type !~ /^ipv6_(slaac|dhcpv6-stateless)$/) not_known(path "/type")
  add_services(path "/services")
  add_names(path "/dns_nameservers", 0)
  add_names(path "/dns_search", 1)
}

function add_services(path, count, i, at) {
  count = items(path)
  for (i = 0; i < count; i++) {
    at = path "/" i
    if (kind[at] != "object") give_up(named(at) " must be a map")
    if (single(at "/type") == "dns") add_server(single(at "/address"), at)
  }
}
