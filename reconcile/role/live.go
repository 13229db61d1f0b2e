package role

import "encoding/json"

// Assigned counts who holds a role directly. Access tokens that name the role are not counted by
// LaunchDarkly.
type Assigned struct {
	Members int `json:"membersCount"`
	Teams   int `json:"teamsCount"`
}

// None reports whether nobody holds the role.
func (a Assigned) None() bool { return a.Members == 0 && a.Teams == 0 }

// Live is a role as an account holds it: the role and what the server owns of it. Its JSON form
// is the one that snapshots are kept in.
type Live struct {
	Role
	// ID is the server's identifier (24 hexadecimal digits). A role that was deleted and made
	// again under the same key has another one.
	ID       string   `json:"_id"`
	Assigned Assigned `json:"assignedTo"`
	// PresetVersion is not zero for a role made from one of LaunchDarkly's presets;
	// PresetStatements are the statements that come from it and cannot be edited.
	PresetVersion    int         `json:"_presetBundleVersion,omitempty"`
	PresetStatements []Statement `json:"_presetStatements,omitempty"`
	// Extra holds the fields of the answer that this version does not know. They take part in
	// the digest, so that an edit to something new in LaunchDarkly is not overlooked.
	Extra map[string]json.RawMessage `json:"_extra,omitempty"`
	// Raw is the server's own text of the role, where it was read alone: a guarded write tests
	// exactly these values. Never saved.
	Raw json.RawMessage `json:"-"`
}

// Preset reports whether the role was made from one of LaunchDarkly's presets.
func (l Live) Preset() bool { return l.PresetVersion != 0 || len(l.PresetStatements) > 0 }

// Digest identifies the state of the role in the account: its content, its id and its preset.
// Who holds it is left out, since that moves without the role being edited.
func (l Live) Digest() string {
	return digest(struct {
		ID     string
		Role   Role
		Preset int
		Fixed  []Statement
		Extra  map[string]json.RawMessage
	}{l.ID, l.Role.Normal(), l.PresetVersion, Role{Policy: l.PresetStatements}.Normal().Policy, l.Extra})
}
