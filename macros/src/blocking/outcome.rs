//! The output of a twin's methods.

use std::mem;

use proc_macro2::{Span, TokenStream};
use quote::{format_ident, quote_spanned};
use syn::visit_mut::{self, VisitMut};
use syn::{
    Error, Expr, GenericArgument, Ident, Path, PathArguments, QSelf, Result, Token, Type, TypePath,
    parse_quote_spanned,
};

use super::client::{self, Client};
use super::{future, generated};
use crate::valid;

/// Where a method's output contains a client that becomes a twin.
pub(crate) enum Outcome {
    Nowhere,
    Client,
    /// The client and the twin of another block.
    Other(Box<Type>, Box<Type>),
    /// A stream, which becomes an iterator.
    Stream,
    /// A reference to the client that the method was called on, which becomes one to the twin.
    This(Token![self]),
    InOption(Box<Outcome>),
    /// One for the value, and one for the error.
    InResult(Box<Outcome>, Box<Outcome>),
    InTuple(Vec<Outcome>),
    /// In a type with this span that has to implement `Exchange`, which the compiler checks.
    Within(Span, Box<Outcome>),
}

impl Outcome {
    /// Turns the output type of a client's method into that of the twin's method: a client that the method makes
    /// becomes a twin, any other stays a client.
    ///
    /// `Self` always becomes the twin. The name of a client becomes its twin, and a stream becomes an iterator, only
    /// where it stands alone or in an `Option` or a `Result`.
    ///
    /// Input:
    ///
    /// ```text
    /// io::Result<Client>
    /// Vec<Self>
    /// Vec<Client>
    /// impl Stream<Item = u32>
    /// ```
    ///
    /// Output, in which `Self` is the twin:
    ///
    /// ```text
    /// io::Result<Self>
    /// Vec<Self>
    /// Vec<Client>
    /// Iter<impl Stream<Item = u32>>
    /// ```
    ///
    /// # Errors
    ///
    /// When it contains a `Self` of which no twin can be made. Such a `Self` becomes the client.
    pub(crate) fn of(ty: &mut Type, client: &Client, position: Position) -> Result<Outcome> {
        let mut output = ty.clone();
        let outcome = Outcome::find(&mut output, client, position);
        match outcome {
            Ok(_) => *ty = output,
            Err(_) => client.name_in_type(ty),
        }
        outcome
    }

    /// Turns the type of a client's constant into that of the twin's constant.
    ///
    /// # Errors
    ///
    /// When another type contains a `Self`: it cannot be taken out in `const` code.
    pub(crate) fn of_constant(ty: &mut Type, client: &Client) -> Result<Outcome> {
        if client.is(ty) {
            return Outcome::of(ty, client, Position::ByName);
        }
        let refused = refuse_self(ty, client);
        client.name_in_type(ty);
        refused
    }

    fn find(ty: &mut Type, client: &Client, position: Position) -> Result<Outcome> {
        let by_name = !matches!(position, Position::Inside);
        if client::is_self(ty) || by_name && client.is(ty) {
            *ty = parse_quote_spanned!(client.span=> Self);
            return Ok(Outcome::Client);
        }
        if let Some(twin) = client.other_twin(ty).filter(|_| by_name) {
            let other = Box::new(mem::replace(ty, twin.clone()));
            return Ok(Outcome::Other(other, Box::new(twin)));
        }
        let is_wrapped = ["Option", "Result"].iter().any(|name| future::is_called(ty, name));
        let is_stream = matches!(position, Position::Value { is_stream: true, .. }) && !is_wrapped;
        if is_stream || by_name && future::is_stream(ty) {
            refuse_self(ty, client)?;
            client.name_in_type(ty);
            let krate = &client.krate;
            *ty = parse_quote_spanned!(client.span=> #krate::Iter<#ty>);
            return Ok(Outcome::Stream);
        }
        match (&mut *ty, position) {
            (
                Type::Reference(reference),
                Position::Value { this: Some((this, mutability)), .. },
            ) if client::is_self(&reference.elem)
                && reference.mutability.is_some() == mutability =>
            {
                return Ok(Outcome::This(this));
            }
            _ => {}
        }
        match ty {
            Type::Group(group) => Outcome::find(&mut group.elem, client, position),
            Type::Paren(paren) => Outcome::find(&mut paren.elem, client, position),
            // A slice is in a `Box`. Types behind a reference are not searched.
            Type::Slice(slice) => Outcome::find(&mut slice.elem, client, Position::Inside),
            Type::Tuple(tuple) => {
                let elements = tuple.elems.iter_mut();
                let found = elements.map(|ty| Outcome::find(ty, client, Position::Inside));
                let found = found.collect::<Result<Vec<_>>>()?;
                let is_nowhere = found.iter().all(Outcome::is_nowhere);
                Ok(if is_nowhere { Outcome::Nowhere } else { Outcome::InTuple(found) })
            }
            Type::Array(array) => {
                let place = array.bracket_token.span.join();
                let found = Outcome::find(&mut array.elem, client, Position::Inside)?;
                client.name_in_expr(&mut array.len);
                Ok(found.within(|found| Outcome::Within(place, found)))
            }
            Type::Path(TypePath { qself: None, path }) => {
                match Outcome::find_in_path(path, client, position)? {
                    Outcome::Nowhere => Outcome::nowhere(ty, client),
                    found => Ok(found),
                }
            }
            _ => Outcome::nowhere(ty, client),
        }
    }

    /// Each type called `Result` counts, including aliases like `io::Result`.
    fn find_in_path(path: &mut Path, client: &Client, position: Position) -> Result<Outcome> {
        let Some(last) = path.segments.last_mut() else { return Ok(Outcome::Nowhere) };
        let name = last.ident.to_string();
        let mut positions = match (name.as_str(), position) {
            ("Option" | "Result", Position::Value { .. }) => [position, Position::ByName],
            ("Option" | "Result", _) => [position; 2],
            _ => [Position::Inside; 2],
        }
        .into_iter();
        let mut found = Vec::new();
        for argument in types_in(&mut last.arguments) {
            let position = positions.next().unwrap_or(Position::Inside);
            found.push(Outcome::find(argument, client, position)?);
        }
        let mut found = found.into_iter();
        let mut next = || found.next().unwrap_or(Outcome::Nowhere);
        Ok(match name.as_str() {
            "Option" => next().within(Outcome::InOption),
            "Result" => match (next(), next()) {
                (Outcome::Nowhere, Outcome::Nowhere) => Outcome::Nowhere,
                (value, error) => Outcome::InResult(Box::new(value), Box::new(error)),
            },
            _ => {
                let mut exchanged = found.filter(|found| !found.is_nowhere());
                match (exchanged.next(), exchanged.next()) {
                    (None, _) => Outcome::Nowhere,
                    (Some(found), None) => {
                        let place = last.ident.span();
                        found.within(|found| Outcome::Within(place, found))
                    }
                    (Some(_), Some(_)) => {
                        return Err(valid::no_twin_within(&last.ident, &client.path()));
                    }
                }
            }
        })
    }

    /// Leaves the rest of a type as it is.
    fn nowhere(ty: &mut Type, client: &Client) -> Result<Outcome> {
        let refused = refuse_self(ty, client)?;
        client.name_in_type(ty);
        Ok(refused)
    }

    fn within(self, within: impl FnOnce(Box<Outcome>) -> Outcome) -> Outcome {
        if self.is_nowhere() { self } else { within(Box::new(self)) }
    }

    fn is_nowhere(&self) -> bool {
        matches!(self, Outcome::Nowhere)
    }

    /// Whether the conversion is possible in `const` code. A `match` is not, because it may drop something.
    pub(crate) fn is_const(&self) -> bool {
        matches!(self, Outcome::Client | Outcome::Nowhere)
    }

    /// Returns an expression that converts a value of the client's for the twin.
    pub(crate) fn for_twin(&self, value: TokenStream, client: &Client) -> TokenStream {
        let Client { krate, span, ty, .. } = client;
        let private = quote_spanned!(*span=> #krate::__private);
        let inner =
            |inner: &Outcome, name: &Ident| inner.for_twin(quote_spanned!(*span=> #name), client);
        let name = match self {
            Outcome::Within(place, _) => Ident::new("__value", span.located_at(*place)),
            _ => Ident::new("__value", *span),
        };
        match self {
            Outcome::Nowhere => value,
            Outcome::Client => client.held(value),
            Outcome::Other(other, twin) => {
                quote_spanned!(*span=> <#twin as #private::From<#other>>::from(#value))
            }
            Outcome::This(this) => {
                let lent = client.lent_by(this);
                quote_spanned! {*span=> {
                    let __returned: *const #ty = #value;
                    #private::check_same(__returned, #lent);
                    #this
                }}
            }
            Outcome::Stream => quote_spanned!(*span=> #krate::iter(#value)),
            Outcome::InOption(found) => {
                let inner = inner(found, &name);
                quote_spanned! {*span=>
                    match #value {
                        #private::Some(__value) => #private::Some(#inner),
                        #private::None => #private::None,
                    }
                }
            }
            Outcome::InResult(found, in_error) => {
                let (inner, error) = (inner(found, &name), inner(in_error, &name));
                quote_spanned! {*span=>
                    match #value {
                        #private::Ok(__value) => #private::Ok(#inner),
                        #private::Err(__value) => #private::Err(#error),
                    }
                }
            }
            Outcome::InTuple(found) => {
                let names: Vec<_> = (0..found.len())
                    .map(|index| format_ident!("__value{index}", span = *span))
                    .collect();
                let values = found.iter().zip(&names).map(|(found, name)| inner(found, name));
                quote_spanned!(*span=> match #value { (#(#names,)*) => (#(#values,)*) })
            }
            Outcome::Within(place, found) => {
                let inner = inner(found, &name);
                // The types are given where they are known, for the sake of the error message, which points at the
                // type.
                let at = span.located_at(*place);
                let kinds = match **found {
                    Outcome::Client => quote_spanned!(at=> #ty, Self),
                    _ => quote_spanned!(at=> _, _),
                };
                let krate = generated::located_at(krate, at);
                quote_spanned! {at=> {
                    let __within = #value;
                    #krate::__private::Exchange::<#kinds>::exchange(__within, |__value| #inner)
                }}
            }
        }
    }
}

/// Where in an output a type stands.
#[derive(Clone, Copy)]
pub(crate) enum Position {
    /// Alone, in an `Option`, or as the value of a `Result`.
    Value {
        /// Whether it is a stream, whatever its name.
        is_stream: bool,
        /// A `self` that is a reference, and whether it is a mutable one.
        this: Option<(Token![self], bool)>,
    },
    /// Elsewhere where the name of a client counts, as in the error of a `Result`.
    ByName,
    /// In another type.
    Inside,
}

/// Returns the types among the arguments of a path.
fn types_in(arguments: &mut PathArguments) -> impl Iterator<Item = &mut Type> {
    let arguments = match arguments {
        PathArguments::AngleBracketed(arguments) => Some(arguments.args.iter_mut()),
        _ => None,
    };
    arguments.into_iter().flatten().filter_map(|argument| match argument {
        GenericArgument::Type(ty) => Some(ty),
        _ => None,
    })
}

/// Returns `Nowhere` if there is no `Self` in `ty`.
fn refuse_self(ty: &Type, client: &Client) -> Result<Outcome> {
    let mut refused = Refused { client, error: None };
    refused.visit_type_mut(&mut ty.clone());
    refused.error.map_or(Ok(Outcome::Nowhere), Err)
}

/// Finds a `Self` that stands as a type of its own.
struct Refused<'a> {
    client: &'a Client,
    error: Option<Error>,
}

impl VisitMut for Refused<'_> {
    fn visit_type_mut(&mut self, ty: &mut Type) {
        if client::is_self(ty) {
            self.error.get_or_insert_with(|| valid::no_twin_within(&*ty, &self.client.path()));
        }
        visit_mut::visit_type_mut(self, ty);
    }

    // `<Self as Trait>::Item` is another type.
    fn visit_qself_mut(&mut self, _: &mut QSelf) {}

    // The length of an array contains no client.
    fn visit_expr_mut(&mut self, _: &mut Expr) {}
}
