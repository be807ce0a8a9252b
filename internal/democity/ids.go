package democity

import (
	"fmt"
	"math/rand/v2"
	"strings"
)

// citizenWeights are the position weights of GB 11643's ISO 7064 MOD 11-2
// check character.
var citizenWeights = [17]int{7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2}

// citizenCheck returns the check character of the first 17 digits of a
// citizen identity number.
func citizenCheck(body string) byte {
	sum := 0
	for i, w := range citizenWeights {
		sum += w * int(body[i]-'0')
	}
	return "10X98765432"[sum%11]
}

// oldCitizenID turns an 18-digit number into the 15-digit form issued until
// the end of the twentieth century: a two-digit year and no check character.
func oldCitizenID(id string) string {
	return id[:6] + id[8:17]
}

// creditCharset holds the 31 characters that GB 32100 allows; a character's
// value is its index. I, O, S, V and Z are left out.
const creditCharset = "0123456789ABCDEFGHJKLMNPQRTUWXY"

// creditCheck returns the check character of the first 17 characters of a
// unified social credit code: weights are the powers of 3 modulo 31.
func creditCheck(body string) byte {
	sum, weight := 0, 1
	for i := range 17 {
		sum += weight * strings.IndexByte(creditCharset, body[i])
		weight = weight * 3 % 31
	}
	return creditCharset[(31-sum%31)%31]
}

// organisationWeights are the position weights of GB 11714, the organisation
// code that makes up characters 9 to 17 of a unified social credit code.
var organisationWeights = [8]int{3, 7, 9, 10, 5, 8, 4, 2}

// organisationCheck returns the check character of the first eight characters
// of an organisation code, whose letters count from A = 10.
func organisationCheck(body string) byte {
	sum := 0
	for i, w := range organisationWeights {
		v := int(body[i] - '0')
		if body[i] >= 'A' {
			v = int(body[i]-'A') + 10
		}
		sum += w * v
	}
	return "0X987654321"[sum%11]
}

// registrar hands out identity numbers and credit codes, none of them twice.
type registrar struct {
	citizens map[string]bool
	credits  map[string]bool
}

func newRegistrar() *registrar {
	return &registrar{citizens: map[string]bool{}, credits: map[string]bool{}}
}

// citizen makes an identity number of the division (six digits), birth date
// and sex: the seventeenth digit is odd for a man.
func (g *registrar) citizen(r *rand.Rand, division string, birth day, male bool) string {
	date := birth.time().Format("20060102")
	for {
		serial := 2 * r.IntN(500)
		if male {
			serial++
		}
		body := fmt.Sprintf("%s%s%03d", division, date, serial)
		if serial == 0 || g.citizens[body] {
			continue
		}
		g.citizens[body] = true
		return body + string(citizenCheck(body))
	}
}

// credit makes the code of an enterprise (registered by the market regulator)
// of the division. Codes given since late 2015 start their organisation part
// with MA.
func (g *registrar) credit(r *rand.Rand, division string, founded day) string {
	for {
		organisation := fmt.Sprintf("%08d", 10000000+r.IntN(89000000))
		if founded >= creditReform {
			tail := make([]byte, 6)
			for i := range tail {
				tail[i] = creditCharset[r.IntN(len(creditCharset))]
			}
			organisation = "MA" + string(tail)
		}
		if g.credits[organisation] {
			continue
		}
		g.credits[organisation] = true
		body := "91" + division + organisation + string(organisationCheck(organisation))
		return body + string(creditCheck(body))
	}
}
