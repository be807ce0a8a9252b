package catalog

import "slices"

// Role is what a principal may do.
type Role string

// The roles, with the regulation's words for them.
const (
	Analyst       Role = "analyst"     // 数据使用员
	Application   Role = "application" // 应用
	Cataloguer    Role = "cataloguer"  // 编目员
	Reviewer      Role = "reviewer"    // 审核员
	Leader        Role = "leader"      // 主管领导
	Bureau        Role = "bureau"      // 大数据管理局
	SystemAdmin   Role = "sysadmin"    // 系统管理员: sources, listeners, secrets
	SecurityAdmin Role = "secadmin"    // 安全管理员: principals, roles, attributes
	Auditor       Role = "auditor"     // 审计员
)

// Roles lists every role.
func Roles() []Role {
	return []Role{Analyst, Application, Cataloguer, Reviewer, Leader, Bureau, SystemAdmin, SecurityAdmin, Auditor}
}

// administrators are the roles of which nobody holds two.
var administrators = []Role{SystemAdmin, SecurityAdmin, Auditor}

// Conflict finds two roles that one principal may not hold together: two of the
// three administrators, or one of them beside any other role. Who runs the gateway,
// decides who is who, or reads the audit has no part in what is shared.
func Conflict(roles []Role) (a, b Role, conflict bool) {
	for i, r := range roles {
		for _, other := range roles[i+1:] {
			if r != other && (slices.Contains(administrators, r) || slices.Contains(administrators, other)) {
				return r, other, true
			}
		}
	}
	return "", "", false
}

// Principal is a person or a service account.
type Principal struct {
	ID         string
	Login      string // [A-Za-z0-9._-]{1,64}
	Name       string // for people, e.g. 王芳
	Service    bool   // a program's account
	Agency     string // the ID of its one agency
	Roles      []Role
	Attributes map[string]string // e.g. district; the security administrator alone sets them
	Demo       bool              // made for the sample city
	Disabled   bool
	Version    int64
}

// Has reports whether the principal holds a role and is not disabled.
func (p *Principal) Has(r Role) bool { return p != nil && !p.Disabled && slices.Contains(p.Roles, r) }
