package plan

import (
	"fmt"
	"slices"

	"github.com/rolewright/rolewright/reconcile/role"
)

// percentFrom is how many managed roles there must be before a share of them means something.
const percentFrom = 10

// blocks runs the guards over the changes. Each says how much is too much, and the narrowest flag
// that lets it through.
func (m *making) blocks() []Block {
	blocks := []Block{}
	for _, guard := range []func() []Block{
		m.maxDeletes, m.maxDeletePercent, m.protect, m.empty, m.preset, m.immutable,
		m.unknownHolders, m.unknownRoles,
	} {
		blocks = append(blocks, guard()...)
	}
	return blocks
}

// deletes returns the keys that the plan deletes, sorted.
func (m *making) deletes() []string {
	keys := []string{}
	for _, c := range m.plan.Changes {
		if c.Action == Delete {
			keys = append(keys, c.Key)
		}
	}
	slices.Sort(keys)
	return keys
}

func (m *making) maxDeletes() []Block {
	keys, limit := m.deletes(), m.opts.Guards.MaxDeletes
	if len(keys) <= limit {
		return nil
	}
	return m.tooManyDeletes(GuardMaxDeletes, keys,
		fmt.Sprintf("would delete %s, maxDeletes is %d", count(len(keys), "role"), limit))
}

func (m *making) maxDeletePercent() []Block {
	keys, percent := m.deletes(), m.opts.Guards.MaxDeletePercent
	if m.managed < percentFrom || 100*len(keys) <= percent*m.managed {
		return nil
	}
	return m.tooManyDeletes(GuardMaxDeletePercent, keys,
		fmt.Sprintf("would delete %d of %d managed roles, maxDeletePercent %d allows %d",
			len(keys), m.managed, percent, percent*m.managed/100))
}

func (m *making) tooManyDeletes(guard Guard, keys []string, message string) []Block {
	if m.opts.Lift.AllowDeletes >= len(keys) {
		return nil
	}
	return []Block{{Guard: guard, Message: message, Keys: keys, Flag: fmt.Sprintf("--allow-deletes %d", len(keys))}}
}

// protect refuses to touch an existing role that rolewright.yaml or its own file protects.
func (m *making) protect() []Block {
	var blocks []Block
	for _, key := range m.touched() {
		why, protected := m.protection(key)
		if !protected || slices.Contains(m.opts.Lift.Unprotect, key) {
			continue
		}
		blocks = append(blocks, Block{
			Guard:   GuardProtect,
			Message: fmt.Sprintf("role %q is protected by %s", key, why),
			Keys:    []string{key},
			Flag:    "--unprotect " + key,
		})
	}
	return blocks
}

// touched returns the keys of the existing roles that the plan updates, deletes or replaces,
// sorted.
func (m *making) touched() []string {
	var keys []string
	for _, c := range m.plan.Changes {
		if c.Before != nil {
			keys = append(keys, c.Before.Key)
		}
	}
	slices.Sort(keys)
	return slices.Compact(keys) // a replaced role is deleted as well
}

func (m *making) protection(key string) (why string, protected bool) {
	if where, marked := m.marked[key]; marked {
		return fmt.Sprintf("`protected: true` in %s:%d", where.File, where.Line), true
	}
	if glob, hit := match(m.opts.Guards.Protect, key); hit {
		return fmt.Sprintf("guards.protect %q", glob), true
	}
	return "", false
}

// empty refuses files that declare no role at all where the account holds roles to manage, even if
// there is nothing to do: most often the folder is the wrong one. Tombstones are not counted: they
// say what shall not be there.
func (m *making) empty() []Block {
	wanted := slices.ContainsFunc(m.desired, func(d role.Desired) bool { return !d.Absent })
	if wanted || m.managed == 0 || m.opts.Lift.AllowEmpty {
		return nil
	}
	return []Block{{
		Guard:   GuardEmpty,
		Message: fmt.Sprintf("the files declare no role, %s has %s", m.holder(), count(m.managed, "managed role")),
		Keys:    []string{},
		Flag:    "--allow-empty",
	}}
}

// preset refuses to touch a role that LaunchDarkly made, unless it is named.
func (m *making) preset() []Block {
	var blocks []Block
	for _, key := range m.touched() {
		if !m.live[key].Preset() || slices.Contains(m.opts.Lift.AllowPreset, key) {
			continue
		}
		blocks = append(blocks, Block{
			Guard:   GuardPreset,
			Message: fmt.Sprintf("role %q is one of LaunchDarkly's presets", key),
			Keys:    []string{key},
			Flag:    "--allow-preset " + key,
			Hint:    "LaunchDarkly maintains it; make a role of your own under another key",
		})
	}
	return blocks
}

// immutable refuses what LaunchDarkly cannot do, before the server does.
func (m *making) immutable() []Block {
	var blocks []Block
	for _, c := range m.plan.Changes {
		if c.Action != Update || c.Kind != KindRole || c.Before.ResourceCategory == c.After.ResourceCategory {
			continue
		}
		blocks = append(blocks, Block{
			Guard: GuardImmutable,
			Message: fmt.Sprintf("role %q has resourceCategory %q in %s and %q in %s:%d",
				c.Key, c.Before.ResourceCategory, m.holder(), c.After.ResourceCategory, c.Declared.File, c.Declared.Line),
			Keys: []string{c.Key},
			Hint: fmt.Sprintf("LaunchDarkly cannot change it: take resourceCategory out of the file, "+
				"or declare a role with a new key and `previously: [%s]`", c.Key),
		})
	}
	return blocks
}
