package emulator

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
)

// defaultLimit is the page size of a list that asks for none (version 20240415 on).
const defaultLimit = 20

// page is the part of a list that is asked for.
type page struct{ limit, offset int }

// listRoles answers GET /api/v2/roles: a page, or all roles in the versions before paging.
func (e *Emulator) listRoles(r *request) (reply, error) {
	list := e.arranged()
	if r.version < newest {
		return e.listReply(list, len(list), map[string]link{"self": linkTo(rolesPath)}), nil
	}
	p, err := e.readPage(r)
	if err != nil {
		return reply{}, err
	}
	from := min(p.offset, len(list))
	to := from + min(p.limit, len(list)-from)
	return e.listReply(list[from:to], len(list), p.links(len(list))), nil
}

// arranged returns the roles that a reader sees, in the order of the switch.
func (e *Emulator) arranged() []*record {
	list := e.store.list()
	switch e.opts.Behaviour.ItemOrder {
	case "key":
		slices.SortFunc(list, func(a, b *record) int { return cmp.Compare(a.Key, b.Key) })
	case "shuffled": // ids are hashes
		slices.SortFunc(list, func(a, b *record) int { return cmp.Compare(a.ID, b.ID) })
	}
	return list
}

// readPage reads limit and offset. A limit of 0 is the default; unknown parameters are ignored.
func (e *Emulator) readPage(r *request) (page, error) {
	query := r.URL.Query()
	limit, err := readCount(query.Get("limit"), "limit")
	if err != nil {
		return page{}, err
	}
	offset, err := readCount(query.Get("offset"), "offset")
	if err != nil {
		return page{}, err
	}
	p := page{cmp.Or(limit, defaultLimit), offset}
	if most := e.opts.Behaviour.MaxLimit; p.limit > most {
		if e.opts.Behaviour.AboveMaxLimit == "refuse" && limit > 0 {
			return page{}, refuse(400, "limit must be at most %d", most)
		}
		p.limit = most
	}
	return p, nil
}

func readCount(text, name string) (int, error) {
	if text == "" {
		return 0, nil
	}
	n, err := strconv.ParseUint(text, 10, 31)
	if err != nil {
		return 0, refuse(400, "%s must be a number from 0 on, not %q", name, text)
	}
	return int(n), nil
}

// links returns the links to this page and to the others that exist.
func (p page) links(total int) map[string]link {
	links := map[string]link{"self": p.at(p.offset)}
	if total > 0 {
		links["first"], links["last"] = p.at(0), p.at((total-1)/p.limit*p.limit)
	}
	if p.offset > 0 {
		links["prev"] = p.at(max(0, p.offset-p.limit))
	}
	if p.offset+p.limit < total {
		links["next"] = p.at(p.offset + p.limit)
	}
	return links
}

func (p page) at(offset int) link {
	return linkTo(fmt.Sprintf("%s?limit=%d&offset=%d", rolesPath, p.limit, offset))
}

// listReply puts a list together from records that are encoded already.
func (e *Emulator) listReply(list []*record, total int, links map[string]link) reply {
	size := 1 << 10
	for _, r := range list {
		size += len(r.wire) + 1
	}
	var b bytes.Buffer
	b.Grow(size)
	b.WriteString(`{"_links":`)
	b.Write(jsonReply(0, links).body)
	b.WriteString(`,"items":[`)
	for i, r := range list {
		b.WriteString(","[:min(i, 1)])
		b.Write(r.wire)
	}
	b.WriteString("]")
	if !e.opts.Behaviour.OmitTotalCount {
		fmt.Fprintf(&b, `,"totalCount":%d`, total)
	}
	b.WriteString("}")
	return reply{status: http.StatusOK, body: b.Bytes()}
}

// getRole answers GET /api/v2/roles/{key}.
func (e *Emulator) getRole(r *request) (reply, error) {
	rec, found := e.store.get(r.id)
	if !found {
		return reply{}, errNotFound
	}
	return reply{status: http.StatusOK, body: rec.wire}, nil
}

// createRole answers POST /api/v2/roles.
func (e *Emulator) createRole(r *request) (reply, error) {
	next, err := readNewRole(r.body, e.defaultBase(r.version))
	if err != nil {
		return reply{}, err
	}
	return e.write(r, http.StatusCreated, func(tx *change) (*record, Role, error) {
		return nil, next, e.admitNew(tx, next)
	})
}

// admitNew refuses a role that cannot stand beside those that there are.
func (e *Emulator) admitNew(tx *change, next Role) error {
	b := e.opts.Behaviour
	_, taken := tx.byKey[next.Key]
	switch {
	case taken && b.DuplicateKeyBody == "invalid_request":
		return &apiError{409, "invalid_request", fmt.Sprintf("A custom role with the key %q already exists", next.Key)}
	case taken:
		return refuse(409, "%s", conflictText)
	case tx.retired[next.Key] && b.ReuseKey == "refuse":
		return refuse(409, "The key %q belonged to a role that was deleted", next.Key)
	case b.MaxRoles > 0 && len(tx.order) >= b.MaxRoles:
		return refuse(400, "The account already has %d roles", len(tx.order))
	}
	return nil
}

// write lets decide say what takes the place of which role, checks it, stores it and answers with
// it. All of it is one step: nothing comes between what decide reads and what is stored.
func (e *Emulator) write(r *request, status int, decide func(*change) (*record, Role, error)) (reply, error) {
	var stored *record
	err := e.store.update(func(tx *change) error {
		old, next, err := decide(tx)
		if err != nil {
			return err
		}
		if err := e.check(tx, next); err != nil {
			return err
		}
		if e.opts.Behaviour.Normalise {
			next.Policy = normal(next.Policy)
		}
		if err := tx.put(old, next); err != nil {
			return err
		}
		stored = tx.byKey[next.Key]
		return nil
	})
	if err != nil {
		return reply{}, err
	}
	e.wrote(r.number)
	return reply{status: status, body: stored.wire}, nil
}

// deleteRole answers DELETE /api/v2/roles/{key}.
func (e *Emulator) deleteRole(r *request) (reply, error) {
	err := e.store.update(func(tx *change) error {
		old, found := tx.find(r.id)
		if !found {
			return errNotFound
		}
		if err := e.held(tx, old); err != nil {
			return err
		}
		return tx.remove(old)
	})
	if err != nil {
		return reply{}, err
	}
	e.wrote(r.number)
	return reply{status: http.StatusNoContent}, nil
}

// held refuses a role that is in use, as far as a delete sees its holders already gone.
func (e *Emulator) held(tx *change, rec *record) error {
	b := e.opts.Behaviour
	members, teams := tx.holders(rec, b.AssignLag)
	if (members > 0 && b.DeleteHeldByMembers == "refuse") || (teams > 0 && b.DeleteHeldByTeams == "refuse") {
		return refuse(409, "The role %q is assigned to members (%d) or teams (%d) and cannot be deleted", rec.Key, members, teams)
	}
	return nil
}

// decodeFields decodes a JSON object by the exact names of its fields.
func decodeFields(body []byte) (map[string]json.RawMessage, error) {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(body, &fields); err != nil || fields == nil {
		return nil, errBody
	}
	return fields, nil
}
