import type { Field } from '../../../connectors/index.ts';

/**
 * What programs of shops call the fields of an order, the surest names first: in English, German, French, Spanish,
 * Italian, Romanian, Dutch and Polish, as `plainName` writes them.
 */
const NAMES: Partial<Record<Field, string>> = {
  order_id:
    'order_id orderid order_number order_no order_nr ordernumber order_reference order_ref order increment_id invoice_id invoice_number bestellnummer bestell_nr bestellnr bestellung auftragsnummer auftrag auftrags_nr belegnummer rechnungsnummer numero_commande numero_de_commande n_commande id_commande commande reference_commande numero_pedido numero_de_pedido id_pedido pedido numero_ordine id_ordine ordine numar_comanda nr_comanda id_comanda comanda bestelnummer bestelling numer_zamowienia nr_zamowienia zamowienie nr number numero numer id',
  customer_id:
    'customer_id customerid customer_number customer_no client_id user_id buyer_id kundennummer kunden_nr kundennr kunden_id kunde id_client numero_client client id_cliente cliente id_clienti cod_client klantnummer klant_id klant id_klienta klient customer buyer user',
  email:
    'email e_mail mail email_address customer_email billing_email buyer_email user_email contact_email e_mail_adresse email_adresse mail_adresse kunden_email courriel adresse_email adresse_mail adresse_e_mail correo correo_electronico posta_elettronica indirizzo_email adresa_email adresa_de_email emailadres adres_email',
  phone:
    'phone phone_number telephone mobile customer_phone billing_phone telefon telefonnummer handy mobil telephone_client portable telefono movil cellulare telefon_client numar_telefon telefoon telefoonnummer nr_telefonu',
  ordered_at:
    'ordered_at order_date orderdate date_ordered created_at created createdat date_created placed_at purchase_date purchased_at order_created_at transaction_date invoice_date date datum bestelldatum bestellt_am auftragsdatum kaufdatum rechnungsdatum date_commande date_de_commande date_achat fecha fecha_pedido fecha_de_pedido fecha_compra data data_ordine data_acquisto data_comenzii data_comanda data_comandei besteldatum data_zamowienia timestamp time day tag',
  cancelled_at: 'cancelled_at canceled_at cancel_date storniert_am annule_le data_anularii',
  updated_at:
    'updated_at modified_at last_modified updated date_modified date_updated geaendert_am modifie_le actualizat_la',
  state:
    'state status order_status financial_status payment_status bestellstatus zahlungsstatus auftragsstatus statut statut_commande etat estado estado_pedido stato stato_ordine stare stare_comanda status_comanda bestelstatus',
  currency: 'currency currency_code order_currency wahrung waehrung devise moneda valuta divisa waluta',
  goods:
    'goods subtotal sub_total order_subtotal net_total net_amount merchandise product_total warenwert zwischensumme nettobetrag sous_total montant_ht subtotale imponibile valoare_produse subtotaal wartosc_produktow',
  total:
    'total order_total grand_total total_price total_amount amount total_paid amount_paid revenue sales value price_total total_value gesamtbetrag gesamtsumme gesamt betrag summe umsatz endbetrag bestellwert montant montant_total total_ttc montant_ttc importe importe_total importo totale totale_ordine suma valoare valoare_totala total_comanda bedrag totaal totaalbedrag kwota wartosc razem',
  tax: 'tax taxes total_tax tax_amount vat vat_amount mwst mehrwertsteuer ust steuer tva montant_tva iva impuesto btw podatek vat_kwota',
  shipping:
    'shipping shipping_total shipping_cost shipping_amount freight delivery versand versandkosten lieferkosten frais_de_port livraison frais_livraison envio gastos_envio spedizione spese_spedizione transport cost_transport livrare verzendkosten dostawa koszt_dostawy',
  discount:
    'discount discount_amount total_discount rabatt nachlass remise reduction descuento sconto reducere discount_total korting rabat',
  refunded:
    'refunded refund refund_amount refunded_amount total_refunded erstattet erstattung rembourse remboursement reembolso rimborso rambursat terugbetaald zwrot',
  first_name: 'first_name firstname given_name vorname prenom nombre nome prenume voornaam imie',
  last_name:
    'last_name lastname surname family_name nachname familienname nom nom_de_famille apellido apellidos cognome nume nume_familie achternaam nazwisko',
  city: 'city town billing_city ort stadt wohnort ville ciudad citta oras localitate plaats woonplaats miasto',
  region:
    'region state_province province county bundesland departement provincia judet provincie wojewodztwo',
  zip: 'zip zip_code zipcode postal_code postcode plz postleitzahl code_postal codigo_postal cap cod_postal kod_pocztowy',
  country:
    'country country_code billing_country land landescode pays code_pays pais paese tara cod_tara kraj',
  accepts_marketing:
    'accepts_marketing email_consent marketing_consent newsletter opt_in optin email_opt_in subscribed newsletter_optin consentement consentimiento consenso abonat acord_marketing nieuwsbrief zgoda',
};

/** One spelling for "E-Mail Adresse", "e_mail_adresse" and "E-mail-adresse"; ß is ss, and accents are left out. */
export function plainName(name: string): string {
  return name
    .toLowerCase()
    .replaceAll('ß', 'ss')
    .replaceAll('ł', 'l')
    .normalize('NFD')
    .replaceAll(/\p{M}/gu, '')
    .replaceAll(/[^\p{L}\p{N}]+/gu, '_')
    .replaceAll(/^_+|_+$/g, '');
}

/** The fields that init looks for, each with the names it goes by. */
export const NAMED: readonly (readonly [Field, readonly string[]])[] = Object.entries(NAMES).map(
  ([field, names]) => [field as Field, names.split(' ')],
);
