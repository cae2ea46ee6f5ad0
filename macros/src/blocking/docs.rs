//! The documentation of a twin.

use proc_macro2::TokenStream;
use quote::quote_spanned;
use syn::{Attribute, Expr, ExprLit, Lit, Meta, MetaNameValue, parse_quote};

use super::client::Client;

/// Returns the documentation of a twin's struct.
pub(crate) fn of_struct(client: &Client, is_fallible: bool) -> TokenStream {
    let first = format!(
        " The blocking form of {}: its methods return the values themselves.",
        client.link()
    );
    let errors = is_fallible.then(|| {
        quote_spanned! {client.span=>
            #[doc = ""]
            #[doc = " # Errors"]
            #[doc = ""]
            #[doc = " A method that returns a `Result` returns an error where it cannot wait, and does not panic."]
        }
    });
    quote_spanned! {client.span=>
        #[doc = #first]
        #[doc = ""]
        #[doc = " `From` converts between it and the client; `AsRef` and `AsMut` lend the client. It may be dropped"]
        #[doc = " anywhere: it drops the client inside a runtime."]
        #[doc = ""]
        #[doc = " # Panics"]
        #[doc = ""]
        #[doc = " In async code, which must not block, the methods that wait panic: await the client's there."]
        #errors
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

/// Returns the documentation of a client's method: without the examples for its twin.
pub(crate) fn of_client(attrs: Vec<Attribute>) -> Vec<Attribute> {
    with_examples(attrs, |example| !example.is_for_twin())
}

/// Returns the documentation of a twin's method: with the examples for it, and without those that await something.
///
/// Input:
///
/// ````text
/// /// ```
/// /// client.get("a").await;
/// /// ```
/// ///
/// /// ```blocking
/// /// client.get("a");
/// /// ```
/// ````
///
/// Output:
///
/// ````text
/// /// ```
/// /// client.get("a");
/// /// ```
/// ````
pub(crate) fn of_twin(attrs: Vec<Attribute>) -> Vec<Attribute> {
    with_examples(attrs, |example| example.is_for_twin() || !example.awaits())
}

/// Keeps some of the examples, and no heading above none.
fn with_examples(attrs: Vec<Attribute>, keep: impl Fn(&Example<'_>) -> bool) -> Vec<Attribute> {
    let mut kept: Vec<Attribute> = Vec::new();
    let mut rest = attrs.as_slice();
    let mut has_removed = false;
    while let [first, others @ ..] = rest {
        let Some(example) = Example::at_start(rest) else {
            kept.push(first.clone());
            rest = others;
            continue;
        };
        rest = &rest[example.lines.len()..];
        if keep(&example) {
            kept.push(example.opening());
            kept.extend_from_slice(&example.lines[1..]);
        } else {
            has_removed = true;
        }
    }
    if has_removed {
        remove_empty_sections(&mut kept);
    }
    kept
}

/// A code block, with its fences.
struct Example<'a> {
    lines: &'a [Attribute],
}

impl<'a> Example<'a> {
    /// Returns the code block that begins with the first of `attrs`.
    fn at_start(attrs: &'a [Attribute]) -> Option<Example<'a>> {
        let is_fence = |attr| line(attr).is_some_and(|line| line.trim_start().starts_with("```"));
        if !is_fence(attrs.first()?) {
            return None;
        }
        let last = attrs.iter().skip(1).position(is_fence)? + 1;
        Some(Example { lines: &attrs[..=last] })
    }

    fn is_for_twin(&self) -> bool {
        line(&self.lines[0]).is_some_and(|fence| words(&fence).any(|word| word == FOR_TWIN))
    }

    fn awaits(&self) -> bool {
        self.lines.iter().filter_map(line).any(|line| line.contains(".await"))
    }

    /// Returns the first fence without the word that rustdoc does not know.
    fn opening(&self) -> Attribute {
        let opening = &self.lines[0];
        match line(opening).filter(|_| self.is_for_twin()) {
            None => opening.clone(),
            Some(fence) => {
                let others: Vec<_> = words(&fence).filter(|word| *word != FOR_TWIN).collect();
                let fence = format!(" ```{}", others.join(","));
                parse_quote!(#[doc = #fence])
            }
        }
    }
}

/// The word after the fence of an example that only the twin has.
const FOR_TWIN: &str = "blocking";

/// Returns the words after a fence.
fn words(fence: &str) -> impl Iterator<Item = &str> {
    let words = fence.trim().trim_start_matches('`').split([',', ' ']);
    words.filter(|word| !word.is_empty())
}

/// Removes each heading of examples that stands before another heading or the end.
fn remove_empty_sections(attrs: &mut Vec<Attribute>) {
    let is_heading = |line: &str| line.trim_start().starts_with('#');
    let mut index = 0;
    while index < attrs.len() {
        let below = attrs[index + 1..].iter().filter_map(line).find(|line| !line.trim().is_empty());
        let is_last = below.is_none_or(|below| is_heading(&below));
        let is_of_examples =
            line(&attrs[index]).is_some_and(|line| is_heading(&line) && line.contains("Example"));
        if is_of_examples && is_last {
            attrs.remove(index);
        } else {
            index += 1;
        }
    }
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

    fn with_examples() -> Vec<Attribute> {
        parse_quote! {
            /// Reads.
            ///
            /// # Examples
            ///
            /// ```
            /// client.get().await;
            /// ```
            ///
            /// ```blocking,no_run
            /// client.get();
            /// ```
            #[inline]
            /// # Errors
        }
    }

    #[test]
    fn each_has_its_own_examples() {
        let lines = |attrs: Vec<_>| attrs.iter().filter_map(line).collect::<Vec<_>>();
        let expected = [
            " Reads.",
            "",
            " # Examples",
            "",
            " ```",
            " client.get().await;",
            " ```",
            "",
            " # Errors",
        ];
        assert_eq!(lines(of_client(with_examples())), expected);
        let expected = [
            " Reads.",
            "",
            " # Examples",
            "",
            "",
            " ```no_run",
            " client.get();",
            " ```",
            " # Errors",
        ];
        assert_eq!(lines(of_twin(with_examples())), expected);
    }

    #[test]
    fn an_example_that_awaits_nothing_is_for_both() {
        let attrs: Vec<Attribute> = parse_quote! {
            /// ```no_run
            /// connect();
            /// ```
        };
        assert_eq!(of_twin(attrs.clone()), attrs);
        assert_eq!(of_client(attrs.clone()), attrs);
    }

    #[test]
    fn a_line_of_another_attribute_is_no_documentation() {
        assert_eq!(line(&parse_quote!(#[must_use = "it is lazy"])), None);
    }

    #[test]
    fn examples_that_await_leave_no_heading() {
        let mut attrs = with_examples();
        attrs.drain(8..11);
        let kept = of_twin(attrs).iter().filter_map(line).collect::<Vec<_>>();
        assert_eq!(kept, [" Reads.", "", "", "", " # Errors"]);
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
