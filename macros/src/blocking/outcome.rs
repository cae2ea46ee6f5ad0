//! The output of a twin's methods.

use proc_macro2::TokenStream;
use quote::quote_spanned;
use syn::{GenericArgument, PathArguments, Type, parse_quote_spanned};

use super::client::Client;

/// Where in a method's output there is a client that becomes a twin.
pub(crate) enum Outcome {
    Client,
    InOption(Box<Outcome>),
    InResult(Box<Outcome>),
    Nowhere,
}

impl Outcome {
    /// Turns the output type of a client's method into that of the twin's: a client that the method makes
    /// becomes a twin, any other stays a client.
    ///
    /// Input:
    ///
    /// ```text
    /// io::Result<Self>
    /// Vec<Self>
    /// ```
    ///
    /// Output, in which `Self` is the twin:
    ///
    /// ```text
    /// io::Result<Self>
    /// Vec<Client>
    /// ```
    pub(crate) fn of(ty: &mut Type, client: &Client) -> Outcome {
        client.name_in_type(ty);
        Outcome::find(ty, client)
    }

    /// Turns the type of a client's constant into that of the twin's. A client within another type stays one:
    /// it cannot be taken out in `const` code.
    pub(crate) fn of_constant(ty: &mut Type, client: &Client) -> Outcome {
        client.name_in_type(ty);
        if client.is(ty) { Outcome::find(ty, client) } else { Outcome::Nowhere }
    }

    fn find(ty: &mut Type, client: &Client) -> Outcome {
        if client.is(ty) {
            *ty = parse_quote_spanned!(client.span=> Self);
            return Outcome::Client;
        }
        let Some((within, first)) = first_argument(ty) else {
            return Outcome::Nowhere;
        };
        match Outcome::find(first, client) {
            Outcome::Nowhere => Outcome::Nowhere,
            inner => within(Box::new(inner)),
        }
    }

    /// Whether the conversion is possible in `const` code: a `match` may drop something, which is not.
    pub(crate) fn is_const(&self) -> bool {
        matches!(self, Outcome::Client | Outcome::Nowhere)
    }

    /// Converts a value of the client's for the twin.
    pub(crate) fn for_twin(&self, value: TokenStream, client: &Client) -> TokenStream {
        let Client { krate, span, .. } = client;
        let inner = |inner: &Outcome| inner.for_twin(quote_spanned!(*span=> __value), client);
        match self {
            Outcome::Nowhere => value,
            Outcome::Client => client.held(value),
            Outcome::InOption(found) => {
                let inner = inner(found);
                quote_spanned! {*span=>
                    match #value {
                        #krate::__private::Some(__value) => #krate::__private::Some(#inner),
                        #krate::__private::None => #krate::__private::None,
                    }
                }
            }
            Outcome::InResult(found) => {
                let inner = inner(found);
                quote_spanned! {*span=>
                    match #value {
                        #krate::__private::Ok(__value) => #krate::__private::Ok(#inner),
                        #krate::__private::Err(__error) => #krate::__private::Err(__error),
                    }
                }
            }
        }
    }
}

type Within = fn(Box<Outcome>) -> Outcome;

/// The first argument of an `Option` or a `Result`. Each type called `Result` counts, as with `io::Result`, an
/// alias.
fn first_argument(ty: &mut Type) -> Option<(Within, &mut Type)> {
    let Type::Path(path) = ty else {
        return None;
    };
    let last = path.path.segments.last_mut()?;
    let within: Within = match last.ident.to_string().as_str() {
        "Option" => Outcome::InOption,
        "Result" => Outcome::InResult,
        _ => return None,
    };
    let PathArguments::AngleBracketed(arguments) = &mut last.arguments else {
        return None;
    };
    let first = arguments.args.iter_mut().find_map(|argument| match argument {
        GenericArgument::Type(first) => Some(first),
        _ => None,
    });
    first.map(|first| (within, first))
}
