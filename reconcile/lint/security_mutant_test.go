package lint

import "github.com/rolewright/rolewright/reconcile/internal/seeded"

func init() {
	mutants = append(mutants, []seeded.Fault{
		{"no role is administrative", "security.go", "return r.Protected || p.Administrative(r.Key)", "return p.Administrative(r.Key)"},
		{"what is denied is reached", "ld201_escalation.go", "if s.Effect == role.Deny || len(s.NotResources) == 0 {", "if s.Effect == role.Allow && len(s.NotResources) == 0 {"},
		{"single teams weigh as much", "ld201_escalation.go", "severity = diag.Warning", "severity = diag.Error"},
		{"only own roles lead up", "security_climb.go", "{w.goals(), w.joins(), w.assignments(), w.attributes()}", "{w.goals(), w.assignments()}"},
		{"administrators climb", "ld202_escalation_path.go", "if world.isAdministrator(c) {", "if false {"},
		{"critical does not matter", "ld203_tag_bypass.go", "if d.Critical {\n\t\treturn", "if true {\n\t\treturn"},
		{"one role's detours are said of members", "security_detours.go", "|| g.byOneRole(d) {", "{"},
		{"marks do not matter", "ld204_view_bypass.go", "if p.selects(q.Desired.Role, isProperty) {", "if false {"},
		{"asking and answering may be apart", "ld205_separation.go", "q.Grants().Of(kind, asks).And(q.critical(kind))", "q.critical(kind)"},
		{"calm environments count", "ld206_weak_approvals.go", ".And(q.critical(env))", ""},
		{"who may bypass is reported", "ld206_weak_approvals.go", ".Minus(granted.Of(flag, \"bypassRequiredApproval\"))", ""},
		{"resets are fine", "ld207_service_tokens.go", `{"createAccessToken", "resetAccessToken"}`, `{"createAccessToken"}`},
		{"every deny is loose", "ld208_loose_deny.go", "refused.Meets(granted)", "refused.Meets(granted.Or(refused))"},
		{"a door is open where the switch is allowed", "ld209_side_door.go", ".Minus(q.Grants().Of(flag, \"updateOn\"))", ""},
		{"a key may stand anywhere", "ld210_twins.go", "if begins && ends {", "if begins || ends {"},
		{"invitations count", "ld211_lockout.go", "case m.Pending || ", "case "},
	}...)
}
