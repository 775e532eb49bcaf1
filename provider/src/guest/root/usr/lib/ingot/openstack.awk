# Comes with json.awk. Lays what an OpenStack config drive says of the machine out below the folder `into`. Ends with
# status 1 where it is not valid JSON.

BEGIN { RS = "\001" }
{ text = text $0 }

END {
  read_json()
  if (wrong != "") exit 1
  if ("/uuid" in value) print value["/uuid"] >(into "/instance_id")
  if ("/hostname" in value) print value["/hostname"] >(into "/hostname")
  if ("/availability_zone" in value) print value["/availability_zone"] >(into "/availability_zone")
  count = split(members["/public_keys"], names, SUBSEP)
  for (i = 1; i <= count; i++) print value["/public_keys/" names[i]] >(into "/ssh/authorized_keys")
}
