package role

// Pos is a place in a file: line and column, both from 1, columns in runes. Zero means unknown.
type Pos struct {
	Line   int `json:"line"`
	Column int `json:"column"`
}

// Desired is a role as a file declares it, with what the file says about handling it.
type Desired struct {
	Role
	// Absent marks a tombstone (`state: absent`): the role is to be deleted.
	Absent bool
	// Protected refuses every change to the existing role unless it is named on the command line.
	Protected bool
	// Previously lists the keys that this role had before: LaunchDarkly cannot change a key, so
	// the role is made anew and the old one deleted once nobody holds it.
	Previously []string
	Source     Source
}

// Source says where a role is declared. Its lists run parallel to those of the role as written.
type Source struct {
	File string // slash-separated, relative to the workspace
	Pos         // of the document's first key
	// Key, Name and the others are the positions of the values.
	Key, Name, BasePermissions, ResourceCategory Pos
	Previously                                   []Pos
	Policy                                       []StatementSource
}

// StatementSource holds the positions of one statement and of each element of its lists.
type StatementSource struct {
	Pos
	Actions, NotActions, Resources, NotResources []Pos
}
