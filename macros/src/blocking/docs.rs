//! The documentation of a twin.

use proc_macro2::TokenStream;
use quote::quote_spanned;
use syn::{Attribute, Expr, ExprLit, Lit, Meta, MetaNameValue, parse_quote};

use super::client::Client;

/// Returns the documentation of a twin's struct.
pub(crate) fn of_struct(client: &Client) -> TokenStream {
    let first = format!(
        " The blocking form of {}: its methods return the values themselves.",
        client.link()
    );
    quote_spanned! {client.span=>
        #[doc = #first]
        #[doc = ""]
        #[doc = " `From` converts between it and the client; `AsRef` and `AsMut` lend the client. It may be dropped"]
        #[doc = " anywhere: it drops the client inside a runtime."]
        #[doc = ""]
        #[doc = " # Panics"]
        #[doc = ""]
        #[doc = " In async code, which must not block, the methods that wait panic: await the client's there."]
    }
}

/// Adds a paragraph below the first one of the documentation among `attrs`.
///
/// Input:
///
/// ```text
/// /// Reads a value.
/// ///
/// /// # Errors
/// ```
///
/// Output:
///
/// ```text
/// /// Reads a value.
/// ///
/// /// PARAGRAPH
/// ///
/// /// # Errors
/// ```
pub(crate) fn with_paragraph(mut attrs: Vec<Attribute>, paragraph: &str) -> Vec<Attribute> {
    let kind = end_of_first_paragraph(&attrs);
    let paragraph = format!(" {paragraph}");
    let added: [Attribute; 2] = [parse_quote!(#[doc = ""]), parse_quote!(#[doc = #paragraph])];
    attrs.splice(kind..kind, added);
    attrs
}

/// Where a paragraph can be added: above the first empty line, or at the end if there is none or if it may be
/// inside an example.
fn end_of_first_paragraph(attrs: &[Attribute]) -> usize {
    let mut begun = false;
    for (index, attr) in attrs.iter().enumerate() {
        match line(attr) {
            Some(line) if line.contains("```") => break,
            Some(line) if begun && line.trim().is_empty() => return index,
            Some(_) => begun = true,
            None => {}
        }
    }
    attrs.len()
}

/// Returns a line of documentation.
fn line(attr: &Attribute) -> Option<String> {
    match &attr.meta {
        Meta::NameValue(MetaNameValue {
            path,
            value: Expr::Lit(ExprLit { lit: Lit::Str(line), .. }),
            ..
        }) if path.is_ident("doc") => Some(line.value()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn documented(attrs: Vec<Attribute>) -> Vec<String> {
        with_paragraph(attrs, "It blocks.").iter().filter_map(line).collect()
    }

    #[test]
    fn the_paragraph_is_below_the_first() {
        let attrs = parse_quote! {
            /// Reads a value,
            /// the last one.
            #[inline]
            ///
            /// # Errors
            ///
            /// Never.
        };
        let expected = [" Reads a value,", " the last one.", "", " It blocks.", "", " # Errors"];
        assert_eq!(documented(attrs)[..6], expected);
    }

    #[test]
    fn without_an_empty_line_the_paragraph_is_the_last() {
        let one_line = parse_quote!(#[doc = " Reads."] #[must_use]);
        assert_eq!(documented(one_line), [" Reads.", "", " It blocks."]);
        assert_eq!(documented(Vec::new()), ["", " It blocks."]);
    }

    #[test]
    fn the_paragraph_does_not_break_into_an_example() {
        let attrs = parse_quote! {
            /// ```
            /// let one = 1;
            ///
            /// let two = 2;
            /// ```
        };
        assert_eq!(documented(attrs)[5..], ["", " It blocks."]);
    }
}
