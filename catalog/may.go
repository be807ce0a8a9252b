package catalog

// Act is something that a principal does to the catalogue.
type Act string

// The acts.
const (
	ActAgency    Act = "agency"    // add or change an agency
	ActPrincipal Act = "principal" // add or change a principal, its roles and attributes
	ActToken     Act = "token"     // give or take another principal's token
	ActPurpose   Act = "purpose"   // add or change a purpose
	ActSource    Act = "source"    // say whose a source is
	ActResource  Act = "resource"  // add or change a resource of an agency
	ActGrant     Act = "grant"     // grant items of an agency's resource, or take them back
	ActAudit     Act = "audit"     // read the audit
)

// May reports whether a principal may do an act to something of an agency. What is
// not written here nobody may: the system administrator, above all, cannot grant.
func May(p *Principal, act Act, agency string) bool {
	own := p != nil && agency != "" && p.Agency == agency
	switch act {
	case ActPrincipal, ActToken:
		return p.Has(SecurityAdmin)
	case ActAgency, ActPurpose:
		return p.Has(Bureau)
	case ActSource:
		return p.Has(SystemAdmin)
	case ActResource:
		return own && p.Has(Cataloguer)
	case ActGrant:
		return own && p.Has(Leader)
	case ActAudit:
		return p.Has(Auditor)
	}
	return false
}
