package role

// Inventory is what exists in an account for policies to speak of, beside its roles and its people.
// Its JSON form is the one that snapshots are kept in.
type Inventory struct {
	Projects []Project `json:"projects"` // by key
}

// Project is one project of an account.
type Project struct {
	Key          string        `json:"key"`
	Tags         []string      `json:"tags,omitempty"`
	Environments []Environment `json:"environments"` // by key
	Flags        []Flag        `json:"flags"`        // by key
	// FlagsLeft says that the flags were not read, or not all of them: nothing may be concluded from
	// a flag that is not listed.
	FlagsLeft bool `json:"_flagsLeft,omitempty"`
}

// Environment is one environment of a project.
type Environment struct {
	Key      string   `json:"key"`
	Tags     []string `json:"tags,omitempty"`
	Critical bool     `json:"critical"`
}

// Flag is one feature flag of a project.
type Flag struct {
	Key   string   `json:"key"`
	Tags  []string `json:"tags,omitempty"`
	Views []string `json:"views,omitempty"` // keys of the views that it is in
}
