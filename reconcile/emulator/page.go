package emulator

import (
	"bytes"
	"cmp"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
)

// defaultLimit is the page size of a list that asks for none (version 20240415 on).
const defaultLimit = 20

// page is the part of a list that is asked for.
type page struct {
	limit, offset int
	path          string
	rest          url.Values // what else the list was asked, which the links repeat
}

// repeated are the parameters, besides those of the page, that make a list what it is.
var repeated = []string{"archived", "expand", "filter", "sort", "summary"}

// readPage reads limit and offset. A limit of 0 is the default; unknown parameters are ignored.
func (e *Emulator) readPage(r *request, path string, most int) (page, error) {
	query := r.URL.Query()
	limit, err := readCount(query.Get("limit"), "limit")
	if err != nil {
		return page{}, err
	}
	offset, err := readCount(query.Get("offset"), "offset")
	if err != nil {
		return page{}, err
	}
	p := page{cmp.Or(limit, defaultLimit), offset, path, url.Values{}}
	for _, name := range repeated {
		if query.Get(name) != "" && path != rolesPath {
			p.rest[name] = query[name]
		}
	}
	if p.limit > most {
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
	href := fmt.Sprintf("%s?limit=%d&offset=%d", p.path, p.limit, offset)
	if len(p.rest) > 0 {
		href += "&" + p.rest.Encode()
	}
	return linkTo(href)
}

// cut returns the page's part of a list.
func cut[T any](p page, list []T) []T {
	from := min(p.offset, len(list))
	return list[from : from+min(p.limit, len(list)-from)]
}

// listPage answers with one page of a list.
func listPage[T any](e *Emulator, p page, list []T, write func(*bytes.Buffer, T)) []byte {
	return encodeList(cut(p, list), len(list), p.links(len(list)), !e.opts.Behaviour.OmitTotalCount, write)
}

// encodeList puts a list together from items that write themselves.
func encodeList[T any](items []T, total int, links map[string]link, counted bool, write func(*bytes.Buffer, T)) []byte {
	var b bytes.Buffer
	b.Grow(1<<9 + len(items)<<9)
	b.WriteString(`{"_links":`)
	b.Write(asJSON(links))
	b.WriteString(`,"items":[`)
	for i, item := range items {
		b.WriteString(","[:min(i, 1)])
		write(&b, item)
	}
	b.WriteString("]")
	if counted {
		fmt.Fprintf(&b, `,"totalCount":%d`, total)
	}
	b.WriteString("}")
	return b.Bytes()
}

// read answers with what f makes of the account as a reader sees it.
func (e *Emulator) read(f func(*view) ([]byte, error)) (reply, error) {
	out := reply{status: http.StatusOK}
	err := e.store.read(func(v *view) (err error) {
		out.body, err = f(v)
		return err
	})
	return out, err
}

// write lets f change the account and answers with what f returns. All of it is one step: nothing
// comes between what f reads and what is stored.
func (e *Emulator) write(r *request, status int, f func(*change) ([]byte, error)) (reply, error) {
	out := reply{status: status}
	err := e.store.update(func(tx *change) (err error) {
		out.body, err = f(tx)
		return err
	})
	if err != nil {
		return reply{}, err
	}
	e.wrote(r.number)
	return out, nil
}
