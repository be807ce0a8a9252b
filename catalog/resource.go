package catalog

// Class says how far a resource is shared (article 10 of the regulation).
type Class string

// The classes. The empty one is none of them and is never stored.
const (
	Unrestricted Class = "unrestricted" // 非受限共享类
	Restricted   Class = "restricted"   // 受限共享类
	Withheld     Class = "withheld"     // 非共享类: no grant is possible
)

// Resource is a table that an agency has put into the catalogue.
type Resource struct {
	ID      string
	Agency  string // the ID of the providing agency
	Name    string // its name in SQL, within the agency
	Class   Class
	Source  string // the source's name in the configuration
	Table   TableID
	Items   []Item // in order of No
	Version int64
}

// Source says whose a source of the configuration is: its agency alone can make
// resources of what it holds.
type Source struct {
	Name   string
	Agency string // the ID
}

// Item is a data item (数据项): a column of a resource's table. What is no item
// cannot be granted.
type Item struct {
	No    int    // within the resource; never given to another item
	Name  string // the column's name in SQL
	Title string // for people
}

// Item finds an item by its name, ignoring case as DuckDB does.
func (r *Resource) Item(name string) (Item, bool) {
	for _, i := range r.Items {
		if SameName(i.Name, name) {
			return i, true
		}
	}
	return Item{}, false
}
