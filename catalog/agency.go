package catalog

// Level is where an agency stands: of the city, or of a district or county.
type Level string

// The levels.
const (
	LevelCity     Level = "city"
	LevelDistrict Level = "district"
)

// Agency is a body that provides or uses resources.
type Agency struct {
	ID         string
	Code       string // [A-Za-z0-9._-]{1,32}: what stands in comments at sources and in the audit
	Name       string // its name in SQL, e.g. 公安
	CreditCode string // unified social credit code, 18 characters; empty where it has none
	Level      Level
	Parent     string // the ID of the agency above; empty for one of the city
	District   string // as data names it, e.g. 和平区; empty for one of the city
	Version    int64  // counts its changes, from 1
}

// Purpose is what data is asked for: an entry of the catalogue, never free text.
type Purpose struct {
	Code  string // [A-Z0-9-]{1,32}
	Name  string
	Basis string // the law or rule that it rests on
}
