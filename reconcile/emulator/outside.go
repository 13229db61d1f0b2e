package emulator

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// What follows works on the account from outside the API, as people in LaunchDarkly's own pages do.
// None of it counts as a write of the API.

// Roles returns the roles as they are now, in the order of their creation, whatever the read lag.
func (e *Emulator) Roles() (list []Role) {
	e.store.present(func(v *view) { list = copies(v.roles, Role.clone) })
	return list
}

// Members returns the members as they are now, in the order of their creation, whatever the read lag.
func (e *Emulator) Members() (list []Member) {
	e.store.present(func(v *view) { list = copies(v.members, Member.clone) })
	return list
}

// Teams returns the teams as they are now, in the order of their creation, whatever the read lag.
func (e *Emulator) Teams() (list []Team) {
	e.store.present(func(v *view) { list = copies(v.teams, Team.clone) })
	return list
}

// Version counts the changes of the account since it was opened, by requests and from outside: as long
// as it is the same, so is the account.
func (e *Emulator) Version() (n int) {
	e.store.present(func(*view) { n = e.store.version })
	return n
}

func copies[T thing[T]](t *table[T], clone func(T) T) []T {
	list := make([]T, len(t.order))
	for i, r := range t.order {
		list[i] = clone(r.is)
	}
	return list
}

// Add makes a role from outside the API, unchecked but for its key, which must be free. An empty
// id is filled in, and empty base permissions are no_access.
func (e *Emulator) Add(r Role) error {
	return e.store.update(func(tx *change) error { return add(tx, tx.roles, r.clone()) })
}

// AddMember makes a member, unchecked but for the e-mail address, which must be free. What is empty
// is filled in: the id, the base role (reader) and the day of creation. CustomRoles may hold keys of
// roles; what is neither key nor id of a role is kept as it is.
func (e *Emulator) AddMember(m Member) error {
	return e.store.update(func(tx *change) error { return add(tx, tx.members, tx.named(m.clone())) })
}

// Invite makes members, with the base role no_access, of those of the e-mail addresses that belong to
// nobody yet. On data that is open for reading only they are members until the emulator is closed,
// with the ids that they would get for good.
func (e *Emulator) Invite(emails ...string) error {
	disk := e.store.disk
	if e.store.opts.ReadOnly {
		disk = memory{}
	}
	return e.store.updateOn(disk, func(tx *change) error {
		for _, email := range emails {
			m := Member{Email: email, Role: "no_access"}
			if key, _ := m.handles(); tx.members.byKey[key] == nil {
				if err := add(tx, tx.members, m); err != nil {
					return err
				}
			}
		}
		return nil
	})
}

// AddTeam makes a team, unchecked but for its key, which must be free. CustomRoles may hold keys of
// roles, Members and the members of Grants e-mail addresses; what names nothing is kept as it is.
func (e *Emulator) AddTeam(t Team) error {
	return e.store.update(func(tx *change) error { return add(tx, tx.teams, tx.namedTeam(t.clone())) })
}

func add[T thing[T]](tx *change, t *table[T], next T) error {
	key, id := next.handles()
	if _, taken := t.byKey[key]; taken {
		return fmt.Errorf("add %s %q: there is one already", t.kind, key)
	}
	if _, taken := t.byID[id]; taken {
		return fmt.Errorf("add %s %q: the id %s is taken", t.kind, key, id)
	}
	put(tx, t, nil, next)
	return nil
}

// Edit changes a role from outside the API, as somebody in LaunchDarkly's own pages would. What f
// leaves is stored unchecked. It fails if no role has that key.
func (e *Emulator) Edit(key string, f func(*Role)) error {
	return e.store.update(func(tx *change) error {
		return amend(tx, tx.roles, key, func(r Role) Role {
			r, id := r.clone(), r.ID
			f(&r)
			r.ID = id
			return r
		})
	})
}

// EditMember changes the member of that e-mail address or id. What f leaves is stored unchecked, and
// read as by [Emulator.AddMember].
func (e *Emulator) EditMember(emailOrID string, f func(*Member)) error {
	return e.store.update(func(tx *change) error {
		return amend(tx, tx.members, tx.memberKey(emailOrID), func(m Member) Member {
			m, id := m.clone(), m.ID
			f(&m)
			m.ID, m.Given = id, nil
			return tx.named(m)
		})
	})
}

// EditTeam changes the team of that key. What f leaves is stored unchecked, and read as by
// [Emulator.AddTeam].
func (e *Emulator) EditTeam(key string, f func(*Team)) error {
	return e.store.update(func(tx *change) error {
		return amend(tx, tx.teams, key, func(t Team) Team {
			t = t.clone()
			f(&t)
			return tx.namedTeam(t)
		})
	})
}

func amend[T thing[T]](tx *change, t *table[T], name string, f func(T) T) error {
	old, found := t.find(name)
	if !found {
		return fmt.Errorf("edit %s %q: no such %s", t.kind, name, t.kind)
	}
	next := f(old.is)
	was, _ := old.is.handles()
	now, _ := next.handles()
	if _, taken := t.byKey[now]; taken && now != was {
		return fmt.Errorf("edit %s %q: %q is taken", t.kind, name, now)
	}
	put(tx, t, old, next)
	return nil
}

// Remove deletes a role from outside the API, whoever holds it. It fails if no role has that key.
func (e *Emulator) Remove(key string) error {
	return e.store.update(func(tx *change) error {
		old, found := tx.roles.find(key)
		if !found {
			return fmt.Errorf("remove role %q: no such role", key)
		}
		e.removeRole(tx, old)
		return nil
	})
}

// RemoveMember deletes the member of that e-mail address or id, also from its teams.
func (e *Emulator) RemoveMember(emailOrID string) error {
	return e.store.update(func(tx *change) error {
		old, found := tx.members.byKey[tx.memberKey(emailOrID)]
		if !found {
			return fmt.Errorf("remove member %q: no such member", emailOrID)
		}
		tx.removeMember(old)
		return nil
	})
}

// RemoveTeam deletes the team of that key, whoever is in it.
func (e *Emulator) RemoveTeam(key string) error {
	return e.store.update(func(tx *change) error {
		old, found := tx.teams.find(key)
		if !found {
			return fmt.Errorf("remove team %q: no such team", key)
		}
		remove(tx, tx.teams, old)
		return nil
	})
}

// Sync does what an identity provider does when it next looks: members that it owns get back the
// roles that it had given them, whatever the API made of them since.
func (e *Emulator) Sync() error {
	return e.store.update(func(tx *change) error {
		for _, old := range slices.Clone(tx.members.order) {
			if old.is.Given == nil {
				continue
			}
			next := old.is.clone()
			next.Role, next.CustomRoles, next.RoleAttributes = next.Given.Role, next.Given.CustomRoles, next.Given.RoleAttributes
			next.Given = nil
			put(tx, tx.members, old, next)
		}
		return nil
	})
}

// SetAssigned says how many members and teams hold a role directly, besides those of the account.
func (e *Emulator) SetAssigned(key string, members, teams int) error {
	return e.Edit(key, func(r *Role) { r.Members, r.Teams = members, teams })
}

// named returns m with the ids of roles where it names them by key.
func (v *view) named(m Member) Member {
	m.CustomRoles = v.roleIDs(m.CustomRoles)
	return m
}

// namedTeam returns t with ids where it names roles by key and members by e-mail address.
func (v *view) namedTeam(t Team) Team {
	t.CustomRoles, t.Members = v.roleIDs(t.CustomRoles), v.memberIDs(t.Members)
	for i, g := range t.Grants {
		t.Grants[i].Members = v.memberIDs(g.Members)
	}
	return t
}

// roleIDs returns the ids of the roles of those keys or ids, once each; what names no role stays.
func (v *view) roleIDs(names []string) []string {
	return renamed(names, func(name string) string {
		if r, found := v.roles.find(name); found {
			return r.is.ID
		}
		return name
	})
}

// memberIDs does the same for members, by e-mail address or id.
func (v *view) memberIDs(names []string) []string {
	return renamed(names, func(name string) string {
		if r, found := v.members.byKey[v.memberKey(name)]; found {
			return r.is.ID
		}
		return name
	})
}

// memberKey returns the key of the member of that e-mail address or id, if there is one.
func (v *view) memberKey(emailOrID string) string {
	if r, found := v.members.byID[emailOrID]; found {
		return lower(r.is.Email)
	}
	return lower(emailOrID)
}

// renamed returns the new names, once each and in the order of their first place.
func renamed(names []string, rename func(string) string) []string {
	var list []string
	seen := make(map[string]bool, len(names))
	for _, name := range names {
		name = rename(name)
		if !seen[name] {
			seen[name] = true
			list = append(list, name)
		}
	}
	return list
}

func setOf(list []string) map[string]bool {
	set := make(map[string]bool, len(list))
	for _, s := range list {
		set[s] = true
	}
	return set
}

// lower is how e-mail addresses are compared.
func lower(email string) string { return strings.ToLower(email) }

// caller returns the id of the member whose token it is; a service token is nobody's.
func (v *view) caller(e *Emulator, token Token) string {
	if token.Service {
		return ""
	}
	return v.maker(e, token)
}

// maker returns the id of the member who made the token.
func (v *view) maker(e *Emulator, token Token) string {
	if m, found := v.members.byKey[v.memberKey(token.Member)]; found {
		return m.is.ID
	}
	return cmp.Or(token.Member, e.store.id("member", 0))
}
