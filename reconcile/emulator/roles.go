package emulator

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
)

// listRoles answers GET /api/v2/roles: a page, or all roles in the versions before paging.
func (e *Emulator) listRoles(r *request) (reply, error) {
	return e.read(func(v *view) ([]byte, error) {
		list, err := shown(e, v, r, e.unnamed(viewRole), arranged(v.roles.order, e.opts.Behaviour), roleNames)
		if err != nil {
			return nil, err
		}
		if r.version < newest {
			return encodeList(list, len(list), map[string]link{"self": linkTo(rolesPath)}, !e.opts.Behaviour.OmitTotalCount, v.role), nil
		}
		p, err := e.readPage(r, rolesPath, e.opts.Behaviour.MaxLimit)
		if err != nil {
			return nil, err
		}
		return listPage(e, p, list, v.role), nil
	})
}

// arranged returns the records in the order of the switch.
func arranged[T thing[T]](list []*record[T], b Behaviour) []*record[T] {
	if b.ItemOrder == "creation" {
		return list
	}
	by := func(r *record[T]) string {
		key, id := r.is.handles()
		switch {
		case b.ItemOrder == "key":
			return key
		case id != "":
			return id // a hash
		}
		return fmt.Sprintf("%x", sha256.Sum256([]byte(key)))
	}
	return slices.SortedFunc(slices.Values(list), func(a, b *record[T]) int { return cmp.Compare(by(a), by(b)) })
}

// getRole answers GET /api/v2/roles/{key}.
func (e *Emulator) getRole(r *request) (reply, error) {
	return e.read(func(v *view) ([]byte, error) {
		rec, found := v.roles.find(r.id)
		if !found {
			return nil, errNotFound
		}
		if action := e.unnamed(viewRole); action != "" {
			if err := e.mayRead(v, r, action, roleNames(rec.is)...); err != nil {
				return nil, err
			}
		}
		return text(func(b *bytes.Buffer) { v.role(b, rec) }), nil
	})
}

// createRole answers POST /api/v2/roles.
func (e *Emulator) createRole(r *request) (reply, error) {
	next, err := readNewRole(r.body, e.defaultBase(r.version))
	if err != nil {
		return reply{}, err
	}
	return e.write(r, http.StatusCreated, func(tx *change) ([]byte, error) {
		if err := cmp.Or(e.allow(tx.view, r, "", roleNames(next)...), e.admitNew(tx, next)); err != nil {
			return nil, err
		}
		return e.putRole(tx, nil, next)
	})
}

// admitNew refuses a role that cannot stand beside those that there are.
func (e *Emulator) admitNew(tx *change, next Role) error {
	b := e.opts.Behaviour
	_, taken := tx.roles.byKey[next.Key]
	switch {
	case taken && b.DuplicateKeyBody == "invalid_request":
		return &apiError{409, "invalid_request", fmt.Sprintf("A custom role with the key %q already exists", next.Key), nil}
	case taken:
		return refuse(409, "%s", conflictText)
	case tx.roles.retired[next.Key] && b.ReuseKey == "refuse":
		return refuse(409, "The key %q belonged to a role that was deleted", next.Key)
	case b.MaxRoles > 0 && len(tx.roles.order) >= b.MaxRoles:
		return refuse(400, "The account already has %d roles", len(tx.roles.order))
	}
	return nil
}

// putRole checks a role, stores it in place of old and returns it as the answer.
func (e *Emulator) putRole(tx *change, old *record[Role], next Role) ([]byte, error) {
	if err := e.check(tx, next); err != nil {
		return nil, err
	}
	if e.opts.Behaviour.Normalise {
		next.Policy = normal(next.Policy)
	}
	stored := put(tx, tx.roles, old, next)
	return text(func(b *bytes.Buffer) { tx.role(b, stored) }), nil
}

// deleteRole answers DELETE /api/v2/roles/{key}.
func (e *Emulator) deleteRole(r *request) (reply, error) {
	return e.write(r, http.StatusNoContent, func(tx *change) ([]byte, error) {
		old, found := tx.roles.find(r.id)
		if !found {
			return nil, errNotFound
		}
		if err := cmp.Or(e.allow(tx.view, r, "", roleNames(old.is)...), e.inUse(tx, old)); err != nil {
			return nil, err
		}
		e.removeRole(tx, old)
		return nil, nil
	})
}

// inUse refuses to delete a role that is held, as far as a delete sees its holders already gone.
func (e *Emulator) inUse(tx *change, rec *record[Role]) error {
	b := e.opts.Behaviour
	n := tx.holders(rec)
	if (n.Members > 0 && b.DeleteHeldByMembers == "refuse") || (n.Teams > 0 && b.DeleteHeldByTeams == "refuse") {
		return refuse(409, "The role %q is assigned to members (%d) or teams (%d) and cannot be deleted", rec.is.Key, n.Members, n.Teams)
	}
	return nil
}

// removeRole deletes a role, and takes it from those who hold it if the switch says so.
func (e *Emulator) removeRole(tx *change, old *record[Role]) {
	remove(tx, tx.roles, old)
	if e.opts.Behaviour.DeletedRole == "keep" {
		return
	}
	id := old.is.ID
	for _, m := range slices.Clone(tx.members.order) {
		if slices.Contains(m.is.CustomRoles, id) {
			next := m.is.clone()
			next.CustomRoles = without(next.CustomRoles, id)
			put(tx, tx.members, m, next)
		}
	}
	for _, t := range slices.Clone(tx.teams.order) {
		if slices.Contains(t.is.CustomRoles, id) {
			next := t.is.clone()
			next.CustomRoles = without(next.CustomRoles, id)
			put(tx, tx.teams, t, next)
		}
	}
}

// decodeFields decodes a JSON object by the exact names of its fields.
func decodeFields(body []byte) (map[string]json.RawMessage, error) {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(body, &fields); err != nil || fields == nil {
		return nil, errBody
	}
	return fields, nil
}
