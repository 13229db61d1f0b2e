package lint

import (
	"fmt"

	"github.com/rolewright/rolewright/reconcile/diag"
	"github.com/rolewright/rolewright/reconcile/policy"
)

// Settings are thresholds and lists that an organisation decides. Start from [DefaultSettings].
type Settings struct {
	// Administrative are globs of the keys of roles that may administer roles, members and teams.
	Administrative []string
	// WideBoxes are the accesses, as "ACTION on SPECIFIER", that no role but an administrative one
	// should have whole.
	WideBoxes []string
	// MinAdmins is how many people must be left who can edit roles and members.
	MinAdmins int
	// NewSince is a month, as "2026-06": actions that LaunchDarkly added later are pointed out where a
	// pattern takes them in. "" points out nothing.
	NewSince string
}

// DefaultSettings returns what holds where nothing is said.
func DefaultSettings() Settings {
	return Settings{
		Administrative: []string{"*admin*"},
		WideBoxes: []string{
			"* on proj/*:env/*;{critical:true}:flag/*",
			"* on proj/*:env/*;{critical:true}:segment/*",
			"* on proj/*",
			"* on proj/*:env/*",
		},
		MinAdmins: 2,
	}
}

// CheckSettings returns what is wrong with the settings: boxes that cannot be read.
func CheckSettings(s Settings) []error {
	var list []error
	for _, text := range s.WideBoxes {
		if _, _, err := policy.ParseRequest(text); err != nil {
			list = append(list, fmt.Errorf("wide box %q: %w", text, err))
		}
	}
	if s.NewSince != "" && !month().MatchString(s.NewSince) {
		list = append(list, fmt.Errorf("month %q: write it as %q", s.NewSince, "2026-10"))
	}
	return list
}

// checkSettings reports what is wrong with the settings, where nobody checked them before.
func (p *Pass) checkSettings() {
	p.rule = Rule{Code: "LD000"}
	for _, err := range CheckSettings(p.Settings) {
		p.report(diag.Warning, diag.Position{}, "", err.Error(), "correct the settings of the lint rules")
	}
}
