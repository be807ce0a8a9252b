package oracle

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/lianji/lianji/catalog"
)

// TPCDSTables names the 24 tables.
var TPCDSTables = []string{
	"call_center", "catalog_page", "catalog_returns", "catalog_sales", "customer", "customer_address",
	"customer_demographics", "date_dim", "household_demographics", "income_band", "inventory", "item",
	"promotion", "reason", "ship_mode", "store", "store_returns", "store_sales",
	"time_dim", "warehouse", "web_page", "web_returns", "web_sales", "web_site",
}

// TPCDSStatements is their number: they are numbered from 1.
const TPCDSStatements = 99

var tpcds = dataset{
	name:   "tpcds",
	call:   "dsdgen",
	tables: TPCDSTables,
	texts:  TPCDSStatements,
	sums: map[string]string{
		"linux/amd64":  "a0cff10440834544fc0691e868a908a148d6651194862c4f8e1338404bce6ff0",
		"linux/arm64":  "a05fe8c49f591f31bc79f307ed256775719b335446e90c46ac67cd70d6f7ddd0",
		"darwin/arm64": "4849ab2e8070505477f20cb87f22697bdd3e4d854d744c3369e41a0f4105c71c",
		"darwin/amd64": "68ca66fe4fd61c3cfaea56c9c57c3f0ba63d947276857a559bf30c28dd1a9310",
	},
	columns: map[string]datasetColumns{
		"call_center":            {1, "cc_call_center_sk:I cc_call_center_id:t cc_rec_start_date:D cc_rec_end_date:D cc_closed_date_sk:I cc_open_date_sk:I cc_name:t cc_class:t cc_employees:I cc_sq_ft:I cc_hours:t cc_manager:t cc_mkt_id:I cc_mkt_class:t cc_mkt_desc:t cc_market_manager:t cc_division:I cc_division_name:t cc_company:I cc_company_name:t cc_street_number:t cc_street_name:t cc_street_type:t cc_suite_number:t cc_city:t cc_county:t cc_state:t cc_zip:t cc_country:t cc_gmt_offset:c cc_tax_percentage:c"},
		"catalog_page":           {1, "cp_catalog_page_sk:I cp_catalog_page_id:t cp_start_date_sk:I cp_end_date_sk:I cp_department:t cp_catalog_number:I cp_catalog_page_number:I cp_description:t cp_type:t"},
		"catalog_returns":        {0, "cr_returned_date_sk:I cr_returned_time_sk:I cr_item_sk:I cr_refunded_customer_sk:I cr_refunded_cdemo_sk:I cr_refunded_hdemo_sk:I cr_refunded_addr_sk:I cr_returning_customer_sk:I cr_returning_cdemo_sk:I cr_returning_hdemo_sk:I cr_returning_addr_sk:I cr_call_center_sk:I cr_catalog_page_sk:I cr_ship_mode_sk:I cr_warehouse_sk:I cr_reason_sk:I cr_order_number:I cr_return_quantity:I cr_return_amount:m cr_return_tax:m cr_return_amt_inc_tax:m cr_fee:m cr_return_ship_cost:m cr_refunded_cash:m cr_reversed_charge:m cr_store_credit:m cr_net_loss:m"},
		"catalog_sales":          {0, "cs_sold_date_sk:I cs_sold_time_sk:I cs_ship_date_sk:I cs_bill_customer_sk:I cs_bill_cdemo_sk:I cs_bill_hdemo_sk:I cs_bill_addr_sk:I cs_ship_customer_sk:I cs_ship_cdemo_sk:I cs_ship_hdemo_sk:I cs_ship_addr_sk:I cs_call_center_sk:I cs_catalog_page_sk:I cs_ship_mode_sk:I cs_warehouse_sk:I cs_item_sk:I cs_promo_sk:I cs_order_number:I cs_quantity:I cs_wholesale_cost:m cs_list_price:m cs_sales_price:m cs_ext_discount_amt:m cs_ext_sales_price:m cs_ext_wholesale_cost:m cs_ext_list_price:m cs_ext_tax:m cs_coupon_amt:m cs_ext_ship_cost:m cs_net_paid:m cs_net_paid_inc_tax:m cs_net_paid_inc_ship:m cs_net_paid_inc_ship_tax:m cs_net_profit:m"},
		"customer":               {1, "c_customer_sk:I c_customer_id:t c_current_cdemo_sk:I c_current_hdemo_sk:I c_current_addr_sk:I c_first_shipto_date_sk:I c_first_sales_date_sk:I c_salutation:t c_first_name:t c_last_name:t c_preferred_cust_flag:t c_birth_day:I c_birth_month:I c_birth_year:I c_birth_country:t c_login:t c_email_address:t c_last_review_date_sk:i"},
		"customer_address":       {1, "ca_address_sk:I ca_address_id:t ca_street_number:t ca_street_name:t ca_street_type:t ca_suite_number:t ca_city:t ca_county:t ca_state:t ca_zip:t ca_country:t ca_gmt_offset:c ca_location_type:t"},
		"customer_demographics":  {1, "cd_demo_sk:I cd_gender:t cd_marital_status:t cd_education_status:t cd_purchase_estimate:I cd_credit_rating:t cd_dep_count:I cd_dep_employed_count:I cd_dep_college_count:i"},
		"date_dim":               {1, "d_date_sk:I d_date_id:t d_date:D d_month_seq:I d_week_seq:I d_quarter_seq:I d_year:I d_dow:I d_moy:I d_dom:I d_qoy:I d_fy_year:I d_fy_quarter_seq:I d_fy_week_seq:I d_day_name:t d_quarter_name:t d_holiday:t d_weekend:t d_following_holiday:t d_first_dom:I d_last_dom:I d_same_day_ly:I d_same_day_lq:I d_current_day:t d_current_week:t d_current_month:t d_current_quarter:t d_current_year:t"},
		"household_demographics": {1, "hd_demo_sk:I hd_income_band_sk:I hd_buy_potential:t hd_dep_count:I hd_vehicle_count:i"},
		"income_band":            {1, "ib_income_band_sk:I ib_lower_bound:I ib_upper_bound:i"},
		"inventory":              {0, "inv_date_sk:I inv_item_sk:I inv_warehouse_sk:I inv_quantity_on_hand:i"},
		"item":                   {1, "i_item_sk:I i_item_id:t i_rec_start_date:D i_rec_end_date:D i_item_desc:t i_current_price:m i_wholesale_cost:m i_brand_id:I i_brand:t i_class_id:I i_class:t i_category_id:I i_category:t i_manufact_id:I i_manufact:t i_size:t i_formulation:t i_color:t i_units:t i_container:t i_manager_id:I i_product_name:t"},
		"promotion":              {1, "p_promo_sk:I p_promo_id:t p_start_date_sk:I p_end_date_sk:I p_item_sk:I p_cost:d p_response_target:I p_promo_name:t p_channel_dmail:t p_channel_email:t p_channel_catalog:t p_channel_tv:t p_channel_radio:t p_channel_press:t p_channel_event:t p_channel_demo:t p_channel_details:t p_purpose:t p_discount_active:t"},
		"reason":                 {1, "r_reason_sk:I r_reason_id:t r_reason_desc:t"},
		"ship_mode":              {1, "sm_ship_mode_sk:I sm_ship_mode_id:t sm_type:t sm_code:t sm_carrier:t sm_contract:t"},
		"store":                  {1, "s_store_sk:I s_store_id:t s_rec_start_date:D s_rec_end_date:D s_closed_date_sk:I s_store_name:t s_number_employees:I s_floor_space:I s_hours:t s_manager:t s_market_id:I s_geography_class:t s_market_desc:t s_market_manager:t s_division_id:I s_division_name:t s_company_id:I s_company_name:t s_street_number:t s_street_name:t s_street_type:t s_suite_number:t s_city:t s_county:t s_state:t s_zip:t s_country:t s_gmt_offset:c s_tax_percentage:c"},
		"store_returns":          {0, "sr_returned_date_sk:I sr_return_time_sk:I sr_item_sk:I sr_customer_sk:I sr_cdemo_sk:I sr_hdemo_sk:I sr_addr_sk:I sr_store_sk:I sr_reason_sk:I sr_ticket_number:I sr_return_quantity:I sr_return_amt:m sr_return_tax:m sr_return_amt_inc_tax:m sr_fee:m sr_return_ship_cost:m sr_refunded_cash:m sr_reversed_charge:m sr_store_credit:m sr_net_loss:m"},
		"store_sales":            {0, "ss_sold_date_sk:I ss_sold_time_sk:I ss_item_sk:I ss_customer_sk:I ss_cdemo_sk:I ss_hdemo_sk:I ss_addr_sk:I ss_store_sk:I ss_promo_sk:I ss_ticket_number:I ss_quantity:I ss_wholesale_cost:m ss_list_price:m ss_sales_price:m ss_ext_discount_amt:m ss_ext_sales_price:m ss_ext_wholesale_cost:m ss_ext_list_price:m ss_ext_tax:m ss_coupon_amt:m ss_net_paid:m ss_net_paid_inc_tax:m ss_net_profit:m"},
		"time_dim":               {1, "t_time_sk:I t_time_id:t t_time:I t_hour:I t_minute:I t_second:I t_am_pm:t t_shift:t t_sub_shift:t t_meal_time:t"},
		"warehouse":              {1, "w_warehouse_sk:I w_warehouse_id:t w_warehouse_name:t w_warehouse_sq_ft:I w_street_number:t w_street_name:t w_street_type:t w_suite_number:t w_city:t w_county:t w_state:t w_zip:t w_country:t w_gmt_offset:c"},
		"web_page":               {1, "wp_web_page_sk:I wp_web_page_id:t wp_rec_start_date:D wp_rec_end_date:D wp_creation_date_sk:I wp_access_date_sk:I wp_autogen_flag:t wp_customer_sk:I wp_url:t wp_type:t wp_char_count:I wp_link_count:I wp_image_count:I wp_max_ad_count:i"},
		"web_returns":            {0, "wr_returned_date_sk:I wr_returned_time_sk:I wr_item_sk:I wr_refunded_customer_sk:I wr_refunded_cdemo_sk:I wr_refunded_hdemo_sk:I wr_refunded_addr_sk:I wr_returning_customer_sk:I wr_returning_cdemo_sk:I wr_returning_hdemo_sk:I wr_returning_addr_sk:I wr_web_page_sk:I wr_reason_sk:I wr_order_number:I wr_return_quantity:I wr_return_amt:m wr_return_tax:m wr_return_amt_inc_tax:m wr_fee:m wr_return_ship_cost:m wr_refunded_cash:m wr_reversed_charge:m wr_account_credit:m wr_net_loss:m"},
		"web_sales":              {0, "ws_sold_date_sk:I ws_sold_time_sk:I ws_ship_date_sk:I ws_item_sk:I ws_bill_customer_sk:I ws_bill_cdemo_sk:I ws_bill_hdemo_sk:I ws_bill_addr_sk:I ws_ship_customer_sk:I ws_ship_cdemo_sk:I ws_ship_hdemo_sk:I ws_ship_addr_sk:I ws_web_page_sk:I ws_web_site_sk:I ws_ship_mode_sk:I ws_warehouse_sk:I ws_promo_sk:I ws_order_number:I ws_quantity:I ws_wholesale_cost:m ws_list_price:m ws_sales_price:m ws_ext_discount_amt:m ws_ext_sales_price:m ws_ext_wholesale_cost:m ws_ext_list_price:m ws_ext_tax:m ws_coupon_amt:m ws_ext_ship_cost:m ws_net_paid:m ws_net_paid_inc_tax:m ws_net_paid_inc_ship:m ws_net_paid_inc_ship_tax:m ws_net_profit:m"},
		"web_site":               {1, "web_site_sk:I web_site_id:t web_rec_start_date:D web_rec_end_date:D web_name:t web_open_date_sk:I web_close_date_sk:I web_class:t web_manager:t web_mkt_id:I web_mkt_class:t web_mkt_desc:t web_market_manager:t web_company_id:I web_company_name:t web_street_number:t web_street_name:t web_street_type:t web_suite_number:t web_city:t web_county:t web_state:t web_zip:t web_country:t web_gmt_offset:c web_tax_percentage:c"},
	},
}

// TPCDS gives a folder with the tables of TPC-DS at a scale factor, each a Parquet
// file named for it, and the statements (TPCDSText). 0.01 is enough for all
// columns to have values: 30,000 rows of store_sales, and 27 statements that find
// nothing. The folder is kept as TPCH's is.
func TPCDS(tb testing.TB, sf float64) string {
	tb.Helper()
	return tpcds.folder(tb, sf)
}

// TPCDSColumns gives a table's columns as a source of that flavour publishes them.
func TPCDSColumns(table string, f Flavour) []catalog.Column { return tpcds.columnsOf(table, f) }

// LoadTPCDS loads a table into the reference with the types that a source of the
// flavour publishes.
func (r *Reference) LoadTPCDS(ctx context.Context, dir, table string, f Flavour, path ...string) error {
	return r.loadDataset(ctx, tpcds, dir, table, f, path)
}

// FillTPCDS makes tables of TPC-DS in a source as FillTPCH does.
func FillTPCDS(ctx context.Context, f Flavour, target, dir string, tables ...string) error {
	return tpcds.fill(ctx, f, target, dir, tables)
}

// TPCDSText reads the statement of that number from the folder. With a schema, its
// tables are named with it.
func TPCDSText(dir string, number int, schema string) (string, error) {
	text, err := os.ReadFile(filepath.Join(dir, statementFile(number)))
	if schema != "" {
		schema += "."
	}
	return strings.ReplaceAll(string(text), schemaMark, schema), err
}
