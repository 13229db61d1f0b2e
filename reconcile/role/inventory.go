package role

import (
	"cmp"
	"fmt"
	"slices"
)

// Inventory is what exists in an account for policies to speak of, beside its roles and its people.
// Its JSON form is the one that snapshots are kept in.
type Inventory struct {
	// Projects are sorted by key. An account does not show a project to those who may not view it:
	// one that is not listed may be there all the same, unless the token may view every project.
	Projects []Project `json:"projects"`
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
	// ViewsLeft says that the account does not tell which views the flags are in: nothing may be
	// concluded from a flag without views.
	ViewsLeft bool `json:"_viewsLeft,omitempty"`
}

// Environment is one environment of a project.
type Environment struct {
	Key      string   `json:"key"`
	Tags     []string `json:"tags,omitempty"`
	Critical bool     `json:"critical"`
}

// Flag is one feature flag of a project.
type Flag struct {
	Key      string   `json:"key"`
	Tags     []string `json:"tags,omitempty"`
	Views    []string `json:"views,omitempty"` // keys of the views that it is in
	Archived bool     `json:"archived,omitempty"`
}

// Normal returns the inventory with projects, environments and flags in the order of their keys, tags
// and views sorted and without repetition, and no list nil but for those. It shares no memory with inv.
func (inv Inventory) Normal() Inventory {
	projects := append([]Project{}, inv.Projects...)
	for i, p := range projects {
		projects[i] = p.normal()
	}
	slices.SortFunc(projects, func(a, b Project) int { return cmp.Compare(a.Key, b.Key) })
	return Inventory{projects}
}

func (p Project) normal() Project {
	p.Tags = sortedSet(p.Tags)
	p.Environments, p.Flags = append([]Environment{}, p.Environments...), append([]Flag{}, p.Flags...)
	for i, e := range p.Environments {
		p.Environments[i].Tags = sortedSet(e.Tags)
	}
	for i, f := range p.Flags {
		p.Flags[i].Tags, p.Flags[i].Views = sortedSet(f.Tags), sortedSet(f.Views)
	}
	slices.SortFunc(p.Environments, func(a, b Environment) int { return cmp.Compare(a.Key, b.Key) })
	slices.SortFunc(p.Flags, func(a, b Flag) int { return cmp.Compare(a.Key, b.Key) })
	return p
}

// Check returns what makes the inventory impossible: a key that is empty, or that two things of one
// place have.
func (inv Inventory) Check() error {
	if err := distinct("project", inv.Projects, func(p Project) string { return p.Key }); err != nil {
		return err
	}
	for _, p := range inv.Projects {
		err := cmp.Or(
			distinct("environment", p.Environments, func(e Environment) string { return e.Key }),
			distinct("flag", p.Flags, func(f Flag) string { return f.Key }),
		)
		if err != nil {
			return fmt.Errorf("project %q: %w", p.Key, err)
		}
	}
	return nil
}

func distinct[T any](what string, list []T, key func(T) string) error {
	seen := make(map[string]bool, len(list))
	for i, item := range list {
		k := key(item)
		switch {
		case k == "":
			return fmt.Errorf("%s number %d has no key", what, i+1)
		case seen[k]:
			return fmt.Errorf("%s %q stands in it twice", what, k)
		}
		seen[k] = true
	}
	return nil
}
